import { readFileSync } from 'node:fs';

/** A file that docs/adding-a-bms.md gives in full. */
export interface GuideFile {
  /** Path from the top of the repository. */
  readonly file: string;
  readonly text: string;
}

export interface Guide {
  readonly files: readonly GuideFile[];
  /** Lines to add to files that are there. */
  readonly lines: readonly GuideFile[];
}

export const GUIDE = 'docs/adding-a-bms.md';

/** What the guide says to make: each block that follows a line `File ...:` or `Line in ...:`. */
export function parseGuide(text: string): Guide {
  const blocks = (begin: string): GuideFile[] =>
    [...text.matchAll(new RegExp(`^${begin} \`([^\`]+)\`:\\n\\n\`\`\`\\w+\\n([^]*?)^\`\`\`$`, 'gm'))].map(
      ([, file = '', content = '']) => ({ file, text: content }),
    );
  return { files: blocks('File'), lines: blocks('Line in') };
}

export function readGuide(): Guide {
  return parseGuide(readFileSync(new URL(`../../${GUIDE}`, import.meta.url), 'utf8'));
}
