/** What our own code adds to sanitised HTML: citation buttons and formulas. Model text cannot make either. */

const SKIPPED = 'code, pre, a, button, .math'

/** Puts a button in the place of each `[n]` whose number is known. */
export function placeCitations(root: HTMLElement, known: ReadonlySet<number>, label: (n: number) => string): void {
  if (known.size === 0) return
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT)
  const found: Text[] = []
  while (walker.nextNode()) {
    const node = walker.currentNode as Text
    if (/\[\d{1,3}\]/.test(node.data) && !node.parentElement?.closest(SKIPPED)) found.push(node)
  }
  for (const node of found) {
    const parts = node.data.split(/(\[\d{1,3}\])/)
    const placed = parts.map((part) => {
      const n = Number(/^\[(\d{1,3})\]$/.exec(part)?.[1] ?? Number.NaN)
      return known.has(n) ? citationButton(n, label(n)) : part
    })
    if (placed.some((part) => typeof part !== 'string')) node.replaceWith(...placed)
  }
}

function citationButton(n: number, label: string): HTMLButtonElement {
  const button = document.createElement('button')
  button.type = 'button'
  button.className = 'citation'
  button.value = String(n)
  button.setAttribute('aria-label', label)
  button.title = label
  // The brackets stay in the text (copying keeps them) and are not drawn.
  const [open, close] = [document.createElement('span'), document.createElement('span')]
  open.className = close.className = 'bracket'
  open.textContent = '['
  close.textContent = ']'
  button.append(open, String(n), close)
  return button
}

/** Replaces the source of each formula by MathML; a formula that cannot be read stays as its source. */
export async function placeFormulas(root: HTMLElement): Promise<void> {
  const formulas = [...root.querySelectorAll<HTMLElement>('.math:not(.is-drawn)')]
  if (formulas.length === 0) return
  const { default: temml } = await import('temml')
  for (const formula of formulas) {
    if (!formula.isConnected || formula.classList.contains('is-drawn')) continue
    const source = formula.querySelector('[hidden]')?.textContent ?? formula.textContent ?? ''
    formula.classList.add('is-drawn')
    try {
      temml.render(source, formula, {
        displayMode: formula.classList.contains('math-display'),
        throwOnError: true,
        trust: false,
        annotate: true,
        maxExpand: 200,
        maxSize: [20, 20],
      })
    } catch {
      formula.textContent = source
      formula.classList.add('is-unread')
    }
  }
}
