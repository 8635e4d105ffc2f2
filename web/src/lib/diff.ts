/** A stretch of words, and whether both texts have it. */
export interface Change {
  kind: 'same' | 'removed' | 'added'
  text: string
}
export interface Comparison {
  changes: Change[]
  /** Whether words were compared; very different long texts are compared by paragraphs. */
  isByWords: boolean
}

/** How many edits are looked for before the comparison goes by paragraphs: the time grows with their square. */
const MOST_EDITS = 1500
const WORDS = /\s+|[\p{L}\p{N}_]+|[^\s\p{L}\p{N}_]/gu
const PARAGRAPHS = /[^\n]+\n*|\n+/g

/** What two texts share and what only one has (Myers, "An O(ND) Difference Algorithm", 1986). */
export function compare(before: string, after: string): Comparison {
  const words = edits(before.match(WORDS) ?? [], after.match(WORDS) ?? [])
  if (words) return { changes: words, isByWords: true }
  const [first, second] = [before.match(PARAGRAPHS) ?? [], after.match(PARAGRAPHS) ?? []]
  const whole: Change[] = [{ kind: 'removed', text: before }, { kind: 'added', text: after }]
  return { changes: edits(first, second) ?? whole, isByWords: false }
}

/** How many words only one of the texts has. */
export function countWords(changes: readonly Change[], kind: Change['kind']): number {
  return changes.filter((change) => change.kind === kind).reduce((sum, change) => sum + (change.text.match(/[\p{L}\p{N}_]+/gu)?.length ?? 0), 0)
}

/** The changes between two lists of tokens; null when there are too many. */
function edits(before: readonly string[], after: readonly string[]): Change[] | null {
  let start = 0
  while (start < before.length && start < after.length && before[start] === after[start]) start++
  let end = 0
  while (end < before.length - start && end < after.length - start && before[before.length - 1 - end] === after[after.length - 1 - end]) end++
  const middle = shortest(before.slice(start, before.length - end), after.slice(start, after.length - end))
  if (!middle) return null
  const same = (tokens: readonly string[]): Change[] => (tokens.length > 0 ? [{ kind: 'same', text: tokens.join('') }] : [])
  return joined([...same(before.slice(0, start)), ...middle, ...same(end === 0 ? [] : before.slice(before.length - end))])
}

function shortest(before: readonly string[], after: readonly string[]): Change[] | null {
  const most = Math.min(before.length + after.length, MOST_EDITS)
  // The farthest place reached on each diagonal, for each number of edits: the way back is read from them.
  const reached: Map<number, number>[] = []
  let farthest = new Map([[1, 0]])
  for (let count = 0; count <= most; count++) {
    reached.push(farthest)
    const next = new Map(farthest)
    for (let diagonal = -count; diagonal <= count; diagonal += 2) {
      const isDown = diagonal === -count || (diagonal !== count && (next.get(diagonal - 1) ?? -1) < (next.get(diagonal + 1) ?? -1))
      let x = isDown ? (next.get(diagonal + 1) ?? 0) : (next.get(diagonal - 1) ?? 0) + 1
      while (x < before.length && x - diagonal < after.length && before[x] === after[x - diagonal]) x++
      next.set(diagonal, x)
      if (x >= before.length && x - diagonal >= after.length) return readBack(before, after, reached)
    }
    farthest = next
  }
  return null
}

function readBack(before: readonly string[], after: readonly string[], reached: readonly Map<number, number>[]): Change[] {
  const changes: Change[] = []
  let x = before.length
  let y = after.length
  for (let count = reached.length - 1; count >= 0; count--) {
    const farthest = reached[count] ?? new Map<number, number>()
    const diagonal = x - y
    const isDown = diagonal === -count || (diagonal !== count && (farthest.get(diagonal - 1) ?? -1) < (farthest.get(diagonal + 1) ?? -1))
    const fromX = farthest.get(isDown ? diagonal + 1 : diagonal - 1) ?? 0
    const fromY = fromX - (isDown ? diagonal + 1 : diagonal - 1)
    while (x > fromX && y > fromY && x > 0 && y > 0) {
      changes.push({ kind: 'same', text: before[--x] ?? '' })
      y--
    }
    if (count === 0) break
    if (isDown) changes.push({ kind: 'added', text: after[--y] ?? '' })
    else changes.push({ kind: 'removed', text: before[--x] ?? '' })
  }
  return changes.reverse()
}

function joined(changes: readonly Change[]): Change[] {
  const whole: Change[] = []
  for (const change of changes) {
    const last = whole.at(-1)
    if (last?.kind === change.kind) whole[whole.length - 1] = { ...last, text: last.text + change.text }
    else whole.push(change)
  }
  return whole
}
