/** A path of a repository, or its id, as it stands in an address. */
export const urlPath = (path: string): string => path.split('/').map(encodeURIComponent).join('/');
