/** The wire forms of docs/reference/api.md about knowledge bases and the insides of documents. */
import type { Box, DocumentStatus, ListedDocument } from './types'

export interface Base {
  id: string
  name: string
  /** Whether its pictures are shown to a vision model, which describes them. */
  describes_figures: boolean
  /** Whether everybody who may sign in searches it. */
  is_shared: boolean
  /** Whether it belongs to this reader; a shared base of somebody else is read only. */
  is_own: boolean
  documents: Record<Exclude<DocumentStatus, 'replaced'>, number>
  created_at: string
}
export type BaseFields = Partial<Pick<Base, 'name' | 'describes_figures' | 'is_shared'>>

export interface DocumentFilter {
  status: DocumentStatus | ''
  name: string
}
export interface DocumentList {
  documents: ListedDocument[]
  /** The `before` of the next page; null on the last one. */
  next: string | null
}

export type BlockKind = 'heading' | 'paragraph' | 'list_item' | 'table' | 'figure' | 'caption' | 'code' | 'footnote' | 'header' | 'footer'
/** Spans count characters (code points) of the page's text. */
export interface Span {
  start: number
  end: number
}
export interface Cell extends Span {
  row: number
  column: number
  row_span: number
  column_span: number
  is_header: boolean
}
export interface Block extends Span {
  kind: BlockKind
  level: number | null
  box: Box | null
  cells: Cell[]
  figure: number | null
}
export interface PageLink extends Span {
  target: string | null
  page: number | null
}
export interface PageText {
  text: string
  blocks: Block[]
  links: PageLink[]
}

/** Start, end, x, y, width and height, in the page's own units with the origin at the top left. */
export type PlacedWord = readonly [start: number, end: number, x: number, y: number, width: number, height: number]
export interface PageWords {
  width: number
  height: number
  words: PlacedWord[]
}

export interface FoundPlace extends Span {
  page: number | null
}
export interface FoundPlaces {
  found: FoundPlace[]
  more: boolean
}

export const ENTITY_KINDS = ['text', 'face', 'object', 'table', 'chart', 'stamp', 'signature'] as const
/** Something seen on a figure; the box is in pixels of the figure. */
export interface Entity {
  kind: (typeof ENTITY_KINDS)[number]
  label: string
  box: Box | null
  confidence: number | null
  found_by: string
}
