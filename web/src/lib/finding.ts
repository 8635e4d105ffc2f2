import type { Piece } from './evidence'

/** The filters of a query, by their names in the language of the page. */
export const FILTERS = ['tag', 'folder', 'from', 'before', 'after'] as const
export type FilterName = (typeof FILTERS)[number]

export interface FilterWords {
  names: Record<FilterName, string>
  /** What may stand behind `from:`. */
  speakers: readonly string[]
}
/** What a reader may want to write: it takes the place of the text from `start` to the caret. */
export interface FilterSuggestion {
  start: number
  written: string
  /** Whether a value follows, so that no blank is wanted behind it. */
  isOpen: boolean
  filter: FilterName
}

const WORD_BEGUN = /(?:^|\s)("?[^\s"]*|[^\s:]+:"[^"]*)$/u
const MOST = 6

const quoted = (value: string): string => (/\s/.test(value) ? `"${value}"` : value)

/** A snippet in pieces, what was found apart; `marks` count code points. */
export function cutMarks(snippet: string, marks: readonly (readonly [number, number])[]): Piece[] {
  const characters = [...snippet]
  const pieces: Piece[] = []
  let from = 0
  for (const [start, end] of [...marks].sort((one, other) => one[0] - other[0])) {
    if (start < from || end <= start || start >= characters.length) continue
    if (start > from) pieces.push({ text: characters.slice(from, start).join(''), isMatch: false })
    pieces.push({ text: characters.slice(start, end).join(''), isMatch: true })
    from = end
  }
  if (from < characters.length) pieces.push({ text: characters.slice(from).join(''), isMatch: false })
  return pieces
}

/** The filters that fit to what is being typed before the caret: names first, then values of the one that is named. */
export function suggestFilters(before: string, words: FilterWords, known: { tags: readonly string[]; folders: readonly string[] }): FilterSuggestion[] {
  const found = WORD_BEGUN.exec(before)
  const begun = found?.[1] ?? ''
  const start = before.length - begun.length
  if (begun === '') return []
  const colon = begun.indexOf(':')
  if (colon < 0) {
    const wanted = begun.toLowerCase()
    return FILTERS.filter((name) => words.names[name].startsWith(wanted) || name.startsWith(wanted)).map((filter) => ({ start, written: `${words.names[filter]}:`, isOpen: true, filter }))
  }
  const name = begun.slice(0, colon).toLowerCase()
  const filter = FILTERS.find((other) => other === name || words.names[other] === name)
  const values = filter === 'tag' ? known.tags : filter === 'folder' ? known.folders : filter === 'from' ? words.speakers : []
  if (!filter || values.length === 0) return []
  const wanted = begun.slice(colon + 1).replaceAll('"', '').toLowerCase()
  return values
    .filter((value) => value.toLowerCase().includes(wanted) && value.toLowerCase() !== wanted)
    .slice(0, MOST)
    .map((value) => ({ start, written: `${begun.slice(0, colon)}:${quoted(value)}`, isOpen: false, filter }))
}
