/** Which files the Hub keeps in LFS: by the default .gitattributes, by size, or because they are binary. */

const PATTERNS = [
  '7z arrow bin bz2 ckpt ftz gguf gz h5 joblib mlmodel model msgpack npy npz onnx ot parquet pb pickle pkl pt pth',
  'rar safetensors tar tflite tgz wasm xz zip zst',
]
  .join(' ')
  .split(' ');

/** Bytes above which the Hub takes nothing into Git itself. */
const BIGGEST_REGULAR = 10_000_000;

const extension = new RegExp(`\\.(${PATTERNS.join('|')})$`, 'i');

export const GITATTRIBUTES = PATTERNS.map((name) => `*.${name} filter=lfs diff=lfs merge=lfs -text\n`).join('');

/** `sample` is the beginning of the file; 512 bytes are enough. */
export function isLfs(path: string, size: number, sample: Uint8Array): boolean {
  return size > 0 && (extension.test(path) || size > BIGGEST_REGULAR || sample.includes(0));
}
