/** Python sources are embedded in the bundle as text. */
declare module '*.py' {
  const text: string;
  export default text;
}
