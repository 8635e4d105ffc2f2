/** A folder of chats in the tree; `path` is `Bank/Loans`, `name` its last part. */
export interface Folder {
  path: string
  name: string
  depth: number
  /** Whether other folders lie in it. */
  isParent: boolean
}

/** The folders as the rows of a tree, those above a known one too, each before what lies in it. */
export function folderRows(paths: readonly string[], language: string): Folder[] {
  const all = new Set<string>()
  for (const path of paths) {
    const parts = path.split('/').filter((part) => part !== '')
    for (let depth = 1; depth <= parts.length; depth++) all.add(parts.slice(0, depth).join('/'))
  }
  const order = new Intl.Collator(language, { numeric: true, sensitivity: 'base' })
  // Compared part by part: `a/b` stands below `a`, and not behind `a b`.
  const sorted = [...all].map((path) => path.split('/')).sort((one, other) => {
    for (let at = 0; at < Math.min(one.length, other.length); at++) {
      const [a = '', b = ''] = [one[at], other[at]]
      if (a !== b) return order.compare(a, b) || (a < b ? -1 : 1)
    }
    return one.length - other.length
  })
  return sorted.map((parts, index) => {
    const path = parts.join('/')
    return { path, name: parts.at(-1) ?? '', depth: parts.length - 1, isParent: sorted[index + 1]?.join('/').startsWith(`${path}/`) ?? false }
  })
}

/** The rows without what lies in folders that are closed. */
export const openRows = (rows: readonly Folder[], closed: ReadonlySet<string>): Folder[] =>
  rows.filter((row) => {
    const parts = row.path.split('/')
    return parts.slice(1).every((_part, index) => !closed.has(parts.slice(0, index + 1).join('/')))
  })

/** A path as it is stored: blanks around the parts and empty parts left out. */
export const tidyFolder = (written: string): string =>
  written
    .split('/')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .join('/')

/** Tags as they are stored, from what was typed with commas or `#` between them. */
export const readTags = (written: string): string[] => [...new Set(written.split(/[,#\n]/).map((tag) => tag.trim()).filter((tag) => tag !== ''))]
