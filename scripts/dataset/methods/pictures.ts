import { isOnline, type Method } from '../../plan/methods.ts';
import { grouped } from '../../printable.ts';
import { fails, type Problem } from '../findings.ts';
import type { ColumnKinds } from '../kinds.ts';
import { MOST_PIXELS, pictureSize } from '../pictures/size.ts';
import { isRecord, type Row } from '../rows.ts';
import { isImageFile } from './image-file.ts';
import type { MethodRules, Shape } from './method.ts';

/** Where TRL looks for pictures. */
export const PICTURE_COLUMNS = ['image', 'images'];

const REFUSED =
  "ValueError: The dataset appears to be vision-related (contains 'image' or 'images' keys), but the provided model does not seem to be a vision-language model.";

export const pictureColumn = (kinds: ColumnKinds): string | undefined =>
  PICTURE_COLUMNS.find((name) => kinds.has(name));

/** Whether the rows carry pictures as pictures, or none at all in their place: for a vision-language model. */
export function hasPictures(kinds: ColumnKinds): boolean {
  const column = pictureColumn(kinds);
  return column !== undefined && ['pictures', 'null'].includes(kinds.get(column) ?? '');
}

/** A column by that name that holds none: TRL refuses it with a text model, and finds no picture with any other. */
export function visionProblem(kinds: ColumnKinds): Problem | null {
  const column = pictureColumn(kinds);
  if (column === undefined || hasPictures(kinds)) return null;
  return fails(
    'vision_columns',
    `Has a column \`${column}\` that doesn't hold pictures: TRL stops. Where the text makes sense alone, map its columns to leave that one out.`,
    undefined,
    REFUSED,
  );
}

/** Rows with pictures and a model that reads text alone. The reward trainer never looks at them. */
export function blindProblem(method: Method, kinds: ColumnKinds): Problem | null {
  if (method === 'reward' || method === 'prm' || !hasPictures(kinds)) return null;
  const message =
    'The rows carry pictures, and the model reads text alone: TRL stops. Choose a vision-language model, or where the text makes sense alone, map its columns to leave them out.';
  if (!isOnline(method)) return fails('model_sees_nothing', message, 'init', REFUSED);
  // Of no picture at all, as null, they make nothing.
  const seen = kinds.get(pictureColumn(kinds) ?? '') === 'pictures';
  return seen ? fails('model_sees_nothing', message, 'train', NO_PIXELS) : null;
}

const NO_PIXELS = "KeyError: 'pixel_values'";

/** The same shape with pictures, where there are any. */
export function withPictures(kinds: ColumnKinds, found: ReturnType<MethodRules['shape']>): typeof found {
  if (!hasPictures(kinds)) return found;
  // Rows with pictures are not prepared, so what is wrong with the columns shows later.
  if ('problem' in found) {
    return { problem: fails(found.problem.code, found.problem.message, 'train') };
  }
  const seen = kinds.get(pictureColumn(kinds) ?? '') === 'pictures';
  return found.shape.conversational || !seen ? { shape: { ...found.shape, vision: true } } : { problem: AROUND_TEXT };
}

const AROUND_TEXT = fails(
  'pictures_with_text',
  'Has pictures beside plain text, which has no place for them: TRL stops. It takes them with conversations.',
  'train',
);

/** What is wrong with a row, its pictures included, whose contents may then be in parts. */
export function withPictureProblem(row: Row, { vision }: Shape, problems: readonly Problem[]): Problem[] {
  if (!vision) return [...problems];
  const picture = picturesProblem(row, row.messages ?? row.prompt);
  return [...(picture ? [picture] : []), ...problems.filter(({ code }) => code !== 'content_not_text')];
}

/** Each picture needs its place in the messages; text alone gets them all before the first question. */
function picturesProblem(row: Row, messages: unknown): Problem | null {
  const column = 'images' in row ? 'images' : 'image';
  // Only messages may have no pictures at all, as a list that is null.
  const given = column === 'images' && 'messages' in row;
  if (column in row && (row[column] ?? null) === null && !given) {
    const message = `\`${column}\` is null: TRL stops. Where some rows have no picture, give an empty list in \`images\`.`;
    return fails(
      'null_picture',
      message,
      'train',
      "TypeError: only a single or a list of entries is supported but got type=<class 'NoneType'>",
    );
  }
  const pictures = picturesOf(row);
  if (hasBrokenPicture(row)) {
    return fails(
      'broken_picture',
      `A picture is no PNG, JPEG, GIF, WebP, BMP or TIFF file, is cut off, or has more than ${grouped(MOST_PIXELS)} pixels: TRL stops where it reads it.`,
      'train',
    );
  }
  const places = placesIn(messages);
  if (places === null || places === pictures.length) return null;
  return fails(
    'picture_places',
    `The messages have ${places} places for pictures and the row has ${pictures.length}: TRL stops.`,
    'train',
    'ValueError: Number of images provided',
  );
}

/** The pictures of a row, as its cells have them. */
export function picturesOf({ image, images }: Row): readonly unknown[] {
  if (images !== undefined) return Array.isArray(images) ? images : [];
  return image === undefined ? [] : [image];
}

/** Whether Pillow can't open one of its pictures. */
export function hasBrokenPicture(row: Row): boolean {
  const cells = [...picturesOf(row), row.image];
  return cells.some(
    (cell) => isRecord(cell) && cell.bytes instanceof Uint8Array && (!isImageFile(cell.bytes) || isTooLarge(cell)),
  );
}

function isTooLarge(cell: Row): boolean {
  const size = pictureSize(cell);
  return size !== null && size.width * size.height > MOST_PIXELS;
}

/** Places that parts of contents keep for pictures; null where a question as text takes as many as there are. */
function placesIn(messages: unknown): number | null {
  if (!Array.isArray(messages)) return null;
  const turns = messages.filter(isRecord);
  if (turns.some(({ role, content }) => role === 'user' && typeof content === 'string')) return null;
  const parts = turns.flatMap(({ role, content }) => (role !== 'tool' && Array.isArray(content) ? content : []));
  return parts.filter((part: unknown) => isRecord(part) && part.type === 'image' && (part.image ?? null) === null)
    .length;
}
