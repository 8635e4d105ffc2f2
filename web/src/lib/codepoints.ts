/** A text cut at offsets that count characters (code points), as the server counts, not UTF-16 units. */
export function cutAt(text: string, start: number, end: number): { before: string; marked: string; after: string } {
  const from = unitIndex(text, start, 0)
  const to = unitIndex(text, Math.max(end - start, 0), from)
  return { before: text.slice(0, from), marked: text.slice(from, to), after: text.slice(to) }
}

function unitIndex(text: string, characters: number, from: number): number {
  let index = from
  for (let left = characters; left > 0 && index < text.length; left--) {
    index += (text.codePointAt(index) ?? 0) > 0xffff ? 2 : 1
  }
  return index
}
