/** What a job of that length bills, USD: every minute begun (https://huggingface.co/docs/hub/jobs-pricing). */
export function billedUsd(seconds: number, usdPerHour: number): number {
  return (Math.ceil(seconds / 60) * usdPerHour) / 60;
}
