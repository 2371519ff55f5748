/** An id that is safe in a topic, in an id of Home Assistant, in a tag and in a path; it may be empty. */
export function safeId(text: string): string {
  return text
    .replace(/[^A-Za-z0-9_-]+/g, '_')
    .replace(/__+/g, '_')
    .replace(/^_+|_+$/g, '')
    .slice(0, 60);
}
