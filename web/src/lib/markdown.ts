import { Marked, type Token, type Tokens, type TokensList } from 'marked'

/** A top-level piece of a reply. `isFrozen` ones never change again. */
export interface Block {
  id: number
  kind: 'html' | 'code'
  /** HTML before the sanitiser, or the source of a code block. */
  content: string
  language: string
  isFrozen: boolean
}

const escapeHtml = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)

/** The address when a reader may follow it, else null. */
export function allowedAddress(address: string): string | null {
  // Browsers skip control characters and white space when they read a scheme.
  const plain = address.replace(/[\u0000-\u0020\u007f-\u00a0\u200b-\u200f\u2028\u2029\ufeff]/g, '')
  return /^(?:https?:\/\/|mailto:|#)/i.test(plain) ? plain : null
}

function link(address: string, inner: string, title: string | null | undefined): string {
  const allowed = allowedAddress(address)
  if (allowed === null) return inner
  const hint = title ? ` title="${escapeHtml(title)}"` : ''
  const target = allowed.startsWith('#') ? '' : ' target="_blank" rel="noopener noreferrer"'
  return `<a href="${escapeHtml(allowed)}"${hint}${target}>${inner}</a>`
}

/** The letters, digits and signs of a formula without its commands: less than what will be drawn in their place. */
const plainMath = (tex: string): string =>
  tex.replace(/\\(?:begin|end)\{[^}]*\}/g, '').replace(/\\[a-zA-Z]+\*?|\\./g, ' ').replace(/[{}^_&~\\]/g, '').replace(/\s+/g, ' ').trim()

// The source waits unseen until the formula is drawn, so that the reader never sees text go away.
const mathSource = (tex: string, isDisplay: boolean): string =>
  `<span class="${isDisplay ? 'math math-display' : 'math math-inline'}"><span hidden>${escapeHtml(tex.trim())}</span>${escapeHtml(plainMath(tex))}</span>`

const DISPLAY_MATH = /^(?:\$\$([^$]+?)\$\$|\\\[([\s\S]+?)\\\])/
const INLINE_MATH = /^(?:\$(?![\s$])((?:\\.|[^$\\\n])+?)(?<![\s\\])\$(?!\d)|\\\((.+?)\\\))/

const marked = new Marked({ gfm: true, breaks: false, async: false })
marked.use({
  tokenizer: {
    // No reference definitions: `[1]` is a citation here, and a definition could point it anywhere.
    def: () => undefined,
  },
  extensions: [
    {
      name: 'displayMath',
      level: 'block',
      start: (source) => source.match(/^ {0,3}(?:\$\$|\\\[)/m)?.index,
      tokenizer: (source) => {
        const found = DISPLAY_MATH.exec(source)
        return found ? { type: 'displayMath', raw: found[0], text: found[1] ?? found[2] ?? '' } : undefined
      },
      renderer: (token) => `<p>${mathSource(String(token['text']), true)}</p>`,
    },
    {
      name: 'inlineMath',
      level: 'inline',
      start: (source) => source.match(/\$|\\\(|\\\[/)?.index,
      tokenizer: (source) => {
        const display = DISPLAY_MATH.exec(source)
        if (display) return { type: 'inlineMath', raw: display[0], text: display[1] ?? display[2] ?? '', isDisplay: true }
        const found = INLINE_MATH.exec(source)
        return found ? { type: 'inlineMath', raw: found[0], text: found[1] ?? found[2] ?? '', isDisplay: false } : undefined
      },
      renderer: (token) => mathSource(String(token['text']), token['isDisplay'] === true),
    },
  ],
  renderer: {
    html: ({ text, block }: Tokens.HTML | Tokens.Tag) => (block ? `<p>${escapeHtml(text.trim())}</p>` : escapeHtml(text)),
    // One level for every heading of a reply: models skip levels, and a page read aloud must not.
    heading({ tokens, depth }) {
      return `<h2 class="depth-${depth}">${this.parser.parseInline(tokens)}</h2>`
    },
    link({ href, title, tokens }) {
      return link(href, this.parser.parseInline(tokens), title)
    },
    // A picture is never loaded: its address would carry the conversation out. A link stands in for it.
    image: ({ href, text }) => link(href, escapeHtml(text || href), href),
    table({ header, rows }) {
      const cell = (content: Tokens.TableCell, tag: 'td' | 'th'): string => {
        const side = content.align ? ` class="align-${content.align}"` : ''
        return `<${tag}${side}>${this.parser.parseInline(content.tokens)}</${tag}>`
      }
      const head = header.map((content) => cell(content, 'th')).join('')
      const body = rows.map((row) => `<tr>${row.map((content) => cell(content, 'td')).join('')}</tr>`).join('')
      return `<div class="table-box" tabindex="0" role="group"><table><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table></div>`
    },
    checkbox: ({ checked }) => (checked ? '☑ ' : '☐ '),
  },
})

function render(token: Token): string {
  const tokens = [token] as unknown as TokensList
  tokens.links = {}
  const html = marked.parser(tokens)
  return token.type === 'text' ? `<p>${html}</p>` : html
}

const visibleLength = (block: Block): number =>
  (block.kind === 'code' ? block.content : block.content.replace(/<span hidden>.*?<\/span>/gs, '').replace(/<[^>]*>/g, '').replace(/&[a-z#0-9]+;/gi, '·')).replace(/\s+/g, '').length

/**
 * A growing Markdown text as blocks.
 *
 * Only the last block is read again when text arrives; those before it are frozen. While the text
 * grows, half-written markup is completed or held back, and a state that would show less than the one
 * before is skipped, so what the reader sees never shrinks.
 */
export class MarkdownStream {
  blocks: readonly Block[] = []
  #frozen: Block[] = []
  #frozenLength = 0
  #tail = ''
  #shownLength = 0

  append(text: string): void {
    this.#tail += text
    this.#freeze()
    const last = this.#last(mend(this.#tail))
    const length = this.#frozenLength + (last ? visibleLength(last) : 0)
    if (length < this.#shownLength) return
    this.#shownLength = length
    this.blocks = last ? [...this.#frozen, last] : [...this.#frozen]
  }

  /** Nothing more will come: every block is read as it stands. */
  finish(): void {
    this.#freeze()
    const last = this.#last(this.#tail)
    if (last) this.#frozen.push({ ...last, isFrozen: true })
    this.#tail = ''
    this.blocks = [...this.#frozen]
  }

  #freeze(): void {
    const tokens = marked.lexer(this.#tail)
    let lastIndex = tokens.length - 1
    while (lastIndex > 0 && tokens[lastIndex]?.type === 'space') lastIndex--
    for (const token of tokens.slice(0, Math.max(lastIndex, 0))) {
      this.#tail = this.#tail.slice(token.raw.length)
      if (token.type === 'space') continue
      const block = this.#block(token, true)
      this.#frozen.push(block)
      this.#frozenLength += visibleLength(block)
    }
  }

  #last(source: string): Block | null {
    const tokens = marked.lexer(source).filter((token) => token.type !== 'space')
    const [token] = tokens
    if (!token) return null
    // Completion may close the block early; what follows it still belongs to the last block.
    if (tokens.length === 1) return this.#block(token, false)
    return { ...this.#block(token, false), kind: 'html', content: tokens.map(render).join('') }
  }

  #block(token: Token, isFrozen: boolean): Block {
    const id = this.#frozen.length
    if (token.type === 'code') {
      const code = token as Tokens.Code
      return { id, kind: 'code', content: code.text, language: /^[\w+#.-]*/.exec(code.lang ?? '')?.[0] ?? '', isFrozen }
    }
    return { id, kind: 'html', content: render(token), language: '', isFrozen }
  }
}

/** All of a finished text as blocks. */
export function readMarkdown(text: string): readonly Block[] {
  const stream = new MarkdownStream()
  stream.append(text)
  stream.finish()
  return stream.blocks
}

const isOdd = (text: string, pattern: RegExp): boolean => (text.match(pattern)?.length ?? 0) % 2 === 1

/** Completes or hides the half-written markup at the end of a growing text. */
export function mend(source: string): string {
  const fence = openFence(source)
  if (fence) {
    // Half of a closing fence is not code.
    const lastLine = source.slice(source.lastIndexOf('\n') + 1)
    return source.includes('\n') && /^ {0,3}[`~]{1,}$/.test(lastLine) ? source.slice(0, source.lastIndexOf('\n')) : source
  }
  const start = source.lastIndexOf('\n\n') + 1
  let last = source.slice(start)
  if (/^\s*\|/.test(last) && !/^\s*\|.*\n\s*\|?[\s:|-]*-[\s:|-]*\n/.test(last) && last.trim().split('\n').length <= 2) return source.slice(0, start)
  // Markup of which only the beginning has come.
  last = last.replace(/(?:!?\[|!|[*_~`$\\])+$/, (marks) => (/^!+$/.test(marks) ? marks : ''))
  last = last.replace(/(^|\n)[ \t]*(?:#{1,6}|[-+*>=]+|\d{1,3}[.)]?)$/, '$1')
  last = last.replace(/!?\[([^\][\n]*)\]\([^)\n]*$/, '$1').replace(/!?\[([^\][\n]*)$/, '$1')
  if (isOdd(last, /\$\$/g)) return `${source.slice(0, start)}${last}$$$$`
  if (/\\\[(?![\s\S]*\\\])/.test(last)) return `${source.slice(0, start)}${last}\\]`
  if (/\\\((?![\s\S]*\\\))/.test(last)) last += '\\)'
  // An open formula waits for its end; an amount of money, or a dollar that no other follows, does not.
  const formula = /(?<!\$)\$(?![\s\d$])[^$\n]{0,160}$/.exec(last)
  if (formula && isOdd(last.replaceAll('$$', ''), /\$/g)) last = last.slice(0, formula.index)
  if (isOdd(last, /`/g)) return `${source.slice(0, start)}${last}\``
  last = last.trimEnd()
  const isItalicOpen = isOdd(last.replaceAll('**', ''), /(?:(?<=^|[\s("'—-])\*(?=\S))|(?:(?<=\S)\*)/g)
  if (isItalicOpen) last += '*'
  if (isOdd(last, /\*\*/g)) last += '**'
  if (isOdd(last, /~~/g)) last += '~~'
  return source.slice(0, start) + last
}

function openFence(source: string): string | null {
  let open: string | null = null
  for (const line of source.split('\n')) {
    const marks = /^ {0,3}(`{3,}|~{3,})(.*)$/.exec(line)
    if (!marks) continue
    const [, run = '', rest = ''] = marks
    if (open === null) open = run
    else if (run.startsWith(open) && rest.trim() === '') open = null
  }
  return open
}
