/** Marks on the statements of an answer: where they stand in its HTML, and the signs put there. */
import { readMarkdown } from './markdown'

/** A statement to be marked. `source` is its Markdown as the model wrote it; `label` is what the sign says aloud. */
export interface ClaimMark {
  source: string
  kind: 'altered' | 'unsupported'
  label: string
}

const SKIPPED = '.code, .math, .claim-sign, [hidden]'
const SIGNS = /[\p{L}\p{N}]/gu
// Quotes, brackets and minus signs before the first letter; the end of the sentence before is none of them.
const OPENING = /[^\p{L}\p{N}\s.,;:!?…)\]»”|]+$/u
const CLOSING = /^[^\p{L}\p{N}\s[(|]+/u

/** Letters and digits of a text: what Markdown leaves as it is. */
const skeletonOf = (text: string): string => (text.match(SIGNS) ?? []).join('')

/** Letters and digits that a stretch of Markdown shows, without code blocks and formulas. */
export function shownSkeleton(source: string): string {
  // The address of a link that is cut by the end of a sentence is not shown either.
  const whole = source.replace(/\]\([^)\n]*\)/g, ']')
  const html = readMarkdown(whole).map((block) => (block.kind === 'html' ? block.content : '')).join(' ')
  return skeletonOf(
    html
      .replace(/<span class="math[^"]*"><span hidden>[\s\S]*?<\/span>[\s\S]*?<\/span>/g, ' ')
      .replace(/<[^>]*>/g, ' ')
      .replace(/&(?:amp|lt|gt|quot|#\d+);/g, ' '),
  )
}

interface Letters {
  nodes: Text[]
  text: string
  /** For each UTF-16 unit of `text`: the number of its node, and where it stands in it. */
  node: number[]
  offset: number[]
}

function lettersOf(root: HTMLElement): Letters {
  const letters: Letters = { nodes: [], text: '', node: [], offset: [] }
  const parts: string[] = []
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT)
  while (walker.nextNode()) {
    const node = walker.currentNode as Text
    if (node.parentElement?.closest(SKIPPED)) continue
    const number = letters.nodes.push(node) - 1
    for (const { 0: letter, index } of node.data.matchAll(SIGNS)) {
      parts.push(letter)
      for (let unit = 0; unit < letter.length; unit++) {
        letters.node.push(number)
        letters.offset.push(index + unit)
      }
    }
  }
  letters.text = parts.join('')
  return letters
}

/**
 * Marks statements in the rendered answer, and puts a button behind each whose value is its index in `marks`.
 *
 * Statements are found by their letters and digits, in order, so that it does not matter what Markdown made of the
 * rest. One that cannot be found stays unmarked. Returns the way to take every mark away again.
 */
export function placeClaims(root: HTMLElement, marks: readonly ClaimMark[]): () => void {
  const letters = lettersOf(root)
  let from = 0
  const found: { index: number; first: number; last: number }[] = []
  marks.forEach(({ source }, index) => {
    const skeleton = shownSkeleton(source)
    const at = skeleton === '' ? -1 : letters.text.indexOf(skeleton, from)
    if (at < 0) return
    from = at + skeleton.length
    found.push({ index, first: at, last: from - 1 })
  })
  const placed: Element[] = []
  // From the end, so that what is cut off a node never moves what is still to be marked.
  for (const { index, first, last } of found.reverse()) {
    const mark = marks[index]
    if (mark) placed.push(...placeOne(letters, first, last, mark, index))
  }
  return () => {
    for (const element of placed) {
      const parent = element.parentNode
      if (element instanceof HTMLButtonElement) element.remove()
      else element.replaceWith(...element.childNodes)
      parent?.normalize()
    }
  }
}

function placeOne(letters: Letters, first: number, last: number, mark: ClaimMark, index: number): Element[] {
  const [firstNode = 0, lastNode = 0] = [letters.node[first], letters.node[last]]
  const placed: Element[] = []
  let end: Element | null = null
  for (let number = lastNode; number >= firstNode; number--) {
    const node = letters.nodes[number]
    if (!node?.parentElement) continue
    const button = node.parentElement.closest('button')
    if (button) {
      end ??= button
      continue
    }
    let stop = number === lastNode ? (letters.offset[last] ?? 0) + 1 : node.data.length
    if (number === lastNode) stop += CLOSING.exec(node.data.slice(stop))?.[0].length ?? 0
    let start = number === firstNode ? (letters.offset[first] ?? 0) : 0
    start -= OPENING.exec(node.data.slice(0, start))?.[0].length ?? 0
    if (node.data.slice(start, stop).trim() === '') continue
    const span = wrap(node, start, stop, mark.kind, index)
    end ??= span
    placed.push(span)
  }
  if (!end) return placed
  const sign = signOf(mark, index)
  end.after(sign)
  return [sign, ...placed]
}

function wrap(node: Text, start: number, stop: number, kind: ClaimMark['kind'], index: number): HTMLElement {
  if (stop < node.data.length) node.splitText(stop)
  const inner = start > 0 ? node.splitText(start) : node
  const span = document.createElement('span')
  span.className = `claim is-${kind}`
  span.dataset['claim'] = String(index)
  inner.replaceWith(span)
  span.append(inner)
  return span
}

function signOf({ kind, label }: ClaimMark, index: number): HTMLButtonElement {
  const button = document.createElement('button')
  button.type = 'button'
  button.className = `claim-sign is-${kind}`
  button.value = String(index)
  button.setAttribute('aria-label', label)
  return button
}
