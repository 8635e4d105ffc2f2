import { spanBetween, unitsOf } from './text-layer'

interface End {
  page: number | null
  word: { start: number; end: number }
  offset: number
}

/**
 * What is selected in text layers, as it stands in the text of the pages: words of the layer have no lines of
 * their own. Null when the selection does not lie in them, or the text of a page between is not known.
 */
export function selectedText(selection: Selection | null, textOf: (page: number | null) => string | null): string | null {
  if (!selection || selection.isCollapsed || selection.rangeCount === 0) return null
  const range = selection.getRangeAt(0)
  const from = endIn(range.startContainer, range.startOffset)
  const to = endIn(range.endContainer, range.endOffset)
  if (!from || !to) return null
  if (from.page === to.page) {
    const span = spanBetween(from, to)
    return cut(textOf(from.page), span.start, span.end)
  }
  if (from.page === null || to.page === null) return null
  const parts = [cut(textOf(from.page), from.word.start + from.offset, Infinity)]
  for (let page = from.page + 1; page < to.page; page++) parts.push(textOf(page))
  parts.push(cut(textOf(to.page), 0, to.word.start + to.offset))
  return parts.every((part) => part !== null) ? parts.join('\n\n') : null
}

function cut(text: string | null, start: number, end: number): string | null {
  if (text === null) return null
  const unit = unitsOf(text)
  return text.slice(unit(start), end === Infinity ? text.length : unit(end))
}

function endIn(node: Node, offset: number): End | null {
  const element = node instanceof Element ? (node.children[Math.min(offset, node.children.length - 1)] ?? node) : node.parentElement
  const span = element?.closest<HTMLElement>('[data-start]')
  const sheet = element?.closest('[data-page]')
  if (!span || !sheet) return null
  const start = Number(span.dataset['start'])
  const end = Number(span.dataset['end'])
  const written = sheet.getAttribute('data-page')
  // Letters inside the word; a place between words is the beginning of the next one.
  const inside = node instanceof Text ? [...node.data.slice(0, offset)].length : 0
  return { page: written ? Number(written) : null, word: { start, end }, offset: Math.min(inside, end - start) }
}
