/** Reading what a search tells: cut texts around the words that matched, and the sentence that a claim is about. */

export interface Piece {
  text: string
  isMatch: boolean
}

const WORD = /[\p{L}\p{N}]+/gu
const SENTENCE_END = /(?<=[.!?…]["»”)]?)\s+|\n+/u
/** Endings of Russian and English words are shorter than this share of a word. */
const STEM_SHARE = 0.7
const LEAST_STEM = 3

const plain = (word: string): string => word.toLowerCase().replaceAll('ё', 'е')

/** Whether two words are forms of one: they begin alike, and one is not much longer. */
export function isSameWord(one: string, other: string): boolean {
  const [a, b] = [plain(one), plain(other)]
  if (a === b) return true
  if (/\d/.test(a + b)) return false
  const length = Math.max(LEAST_STEM, Math.ceil(Math.max(a.length, b.length) * STEM_SHARE))
  return a.length >= length && b.length >= length && a.slice(0, length) === b.slice(0, length)
}

/** A text in pieces, those that are forms of the words apart. */
export function cutMatches(text: string, words: readonly string[]): Piece[] {
  const pieces: Piece[] = []
  let from = 0
  for (const { 0: word, index } of text.matchAll(WORD)) {
    if (!words.some((wanted) => isSameWord(wanted, word))) continue
    if (index > from) pieces.push({ text: text.slice(from, index), isMatch: false })
    pieces.push({ text: word, isMatch: true })
    from = index + word.length
  }
  if (from < text.length) pieces.push({ text: text.slice(from), isMatch: false })
  return pieces
}

/** The part of a text with the most of the words in it, cut between words; `…` stands for what is left out. */
export function wordsAround(text: string, words: readonly string[], length: number): string {
  const flat = text.replace(/\s+/g, ' ').trim()
  if (flat.length <= length) return flat
  const places = [...flat.matchAll(WORD)].filter(({ 0: word }) => words.some((wanted) => isSameWord(wanted, word))).map(({ index }) => index)
  let best = 0
  let most = 0
  for (const place of places) {
    const count = places.filter((other) => other >= place && other < place + length).length
    if (count > most) [best, most] = [place, count]
  }
  // Some words before the first one say what it is about.
  let start = Math.min(Math.max(0, best - Math.round(length / 5)), flat.length - length)
  if (start > 0) start = flat.indexOf(' ', start) + 1
  let end = Math.min(flat.length, start + length)
  if (end < flat.length) end = Math.max(flat.lastIndexOf(' ', end), start + 1)
  return `${start > 0 ? '… ' : ''}${flat.slice(start, end)}${end < flat.length ? ' …' : ''}`
}

/** The sentence of a source that a claim is most about; empty when none shares two words with it. */
export function nearestSentence(claim: string, source: string): string {
  const words = [...claim.matchAll(WORD)].map(({ 0: word }) => word).filter((word) => word.length >= LEAST_STEM)
  let [best, most] = ['', 1]
  for (const sentence of source.split(SENTENCE_END)) {
    const own = [...sentence.matchAll(WORD)].map(({ 0: word }) => word)
    const shared = new Set(words.filter((word) => own.some((other) => isSameWord(word, other)))).size
    if (shared > most) [best, most] = [sentence.trim(), shared]
  }
  return best
}
