import type { FileMetaData } from 'hyparquet';
import { featureName } from '../../features.ts';
import { isRecord } from '../../rows.ts';

/**
 * Columns of pictures, with their type, as `datasets` notes it in a file that it writes: `image` or `list<image>`.
 * Without such a note a picture is a struct of bytes and path, and stays one when the file is loaded.
 */
export function declaredPictures({ key_value_metadata: notes }: FileMetaData): ReadonlyMap<string, string> {
  const features = featuresIn(notes?.find(({ key }) => key === 'huggingface')?.value);
  return new Map(
    Object.entries(features)
      .map(([name, feature]) => [name, featureName(feature)] as const)
      .filter(([, type]) => type === 'image' || type === 'list<image>'),
  );
}

function featuresIn(text: string | undefined): Readonly<Record<string, unknown>> {
  try {
    const { info } = JSON.parse(text ?? '{}');
    return isRecord(info) && isRecord(info.features) ? info.features : {};
  } catch {
    return {};
  }
}
