import type { PageWords, PlacedWord, Span } from '../api/library-types'
import type { Box } from '../api/types'

/** One word of the text layer; places and sizes are shares of the width and the height of the page. */
export interface LayerWord extends Span {
  text: string
  left: number
  top: number
  width: number
  height: number
  /** Of the letters, as a share of the page's width, so that it grows with the page. */
  fontSize: number
  /** By how much the letters are to be stretched to fill the width. */
  stretch: number
}

/** Measures a text in units of its own letters' height. */
export type Measure = (text: string) => number

/** The part of a line that may lie between two words of it, in heights of a line. */
const LARGEST_GAP = 2

/** Where UTF-16 finds the characters that the server counts. */
export function unitsOf(text: string): (character: number) => number {
  // Most texts have no character beyond the first plane, so both counts are the same.
  if (!/[\ud800-\udbff][\udc00-\udfff]/.test(text)) return (character) => Math.min(character, text.length)
  const units: number[] = [0]
  for (const character of text) units.push((units.at(-1) ?? 0) + character.length)
  return (character) => units[Math.min(character, units.length - 1)] ?? text.length
}

/** The words of a page for a layer of selectable text over its picture, in reading order. */
export function layOut(page: PageWords, text: string, measure: Measure): LayerWord[] {
  const unit = unitsOf(text)
  const { width: pageWidth, height: pageHeight } = page
  if (!(pageWidth > 0 && pageHeight > 0)) return []
  return page.words.map((word, index) => {
    const [start, end, x, y, width, height] = word
    const shown = text.slice(unit(start), unit(end)).replace(/\s+/g, ' ')
    const next = page.words[index + 1]
    // A word reaches up to the next one of its line, so that a selection has no holes.
    const reach = next && isSameLine(word, next) ? Math.max(next[2] - x, width) : width
    const isUpright = height > width * 2 && [...shown].length > 2
    const fontSize = isUpright ? width : height
    const natural = measure(shown) * fontSize
    return {
      start,
      end,
      text: `${shown} `,
      left: x / pageWidth,
      top: y / pageHeight,
      width: reach / pageWidth,
      height: height / pageHeight,
      fontSize: fontSize / pageWidth,
      stretch: natural > 0 ? width / natural : 1,
    }
  })
}

function isSameLine(word: PlacedWord, next: PlacedWord): boolean {
  const [, , x, y, width, height] = word
  const [, , nextX, nextY, , nextHeight] = next
  const overlap = Math.min(y + height, nextY + nextHeight) - Math.max(y, nextY)
  const gap = nextX - (x + width)
  return overlap > Math.min(height, nextHeight) / 2 && gap >= -height / 2 && gap < LARGEST_GAP * height
}

/** The boxes of a stretch of text, in the page's units; of a word that is only touched, its part. */
export function boxesOf(page: PageWords, span: Span): Box[] {
  const boxes: Box[] = []
  let before: PlacedWord | null = null
  for (const word of page.words) {
    const [start, end, x, y, width, height] = word
    const from = Math.max(span.start, start)
    const to = Math.min(span.end, end)
    if (from >= to) continue
    const letters = end - start
    const left = x + (width * (from - start)) / letters
    const right = x + (width * (to - start)) / letters
    const last = boxes.at(-1)
    if (last && before && isSameLine(before, word)) {
      // Words of one line make one mark.
      const [top, bottom] = [Math.min(last.y, y), Math.max(last.y + last.height, y + height)]
      boxes[boxes.length - 1] = { x: last.x, y: top, width: Math.max(right - last.x, last.width), height: bottom - top }
    } else boxes.push({ x: left, y, width: right - left, height })
    before = word
  }
  return boxes
}

/** The stretch of the page's text that two ends of a selection hold; the ends count letters inside a word. */
export function spanBetween(one: { word: Span; offset: number }, other: { word: Span; offset: number }): Span {
  const place = (end: { word: Span; offset: number }): number => Math.min(end.word.start + end.offset, end.word.end)
  const [from, to] = [place(one), place(other)]
  return { start: Math.min(from, to), end: Math.max(from, to) }
}
