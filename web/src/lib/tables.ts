import type { Block, Cell } from '../api/library-types'

/** The most cells of one table that are drawn; the rest is shown as text. */
const MOST_CELLS = 20_000

/** The cells of a table, row by row and from left to right; null for a table without cells, or one too large to draw. */
export function rowsOf(block: Block): Cell[][] | null {
  if (block.cells.length === 0 || block.cells.length > MOST_CELLS) return null
  const rows = new Map<number, Cell[]>()
  for (const cell of block.cells) {
    const row = rows.get(cell.row)
    if (row) row.push(cell)
    else rows.set(cell.row, [cell])
  }
  return [...rows.entries()].sort(([one], [other]) => one - other).map(([, cells]) => cells.sort((one, other) => one.column - other.column))
}

/** A list item with those that lie under it. */
export interface Item {
  block: Block
  items: Item[]
}
/** What is drawn as one piece: a list, or a block of another kind. */
export type Piece = { kind: 'list'; items: Item[] } | { kind: 'block'; block: Block }

/** Puts neighbouring list items together, the deeper ones under those before them. */
export function piecesOf(blocks: readonly Block[]): Piece[] {
  const pieces: Piece[] = []
  let path: Item[] = []
  for (const block of blocks) {
    if (block.kind !== 'list_item') {
      pieces.push({ kind: 'block', block })
      path = []
      continue
    }
    const item: Item = { block, items: [] }
    const depth = Math.max(1, block.level ?? 1)
    path = path.slice(0, depth - 1)
    const above = path.at(-1)
    const last = pieces.at(-1)
    if (above) above.items.push(item)
    else if (last?.kind === 'list') last.items.push(item)
    else pieces.push({ kind: 'list', items: [item] })
    path.push(item)
  }
  return pieces
}
