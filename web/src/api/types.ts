/** The wire forms of docs/reference/api.md, name by name; those of model servers and model files stand in model-types.ts. */
import type { ContextStrategy, Origin, PinnedFact } from './conversation-types'
import type { Grounding, Passage, SearchedText, SearchTrace, VectorState } from './evidence-types'
import type { Abilities } from './model-types'

export type { Passage } from './evidence-types'

export type RunStatus = 'queued' | 'running' | 'done' | 'stopped' | 'failed' | 'interrupted'
export type Values = Record<string, string | number>

export interface Problem {
  code: string
  title: string
  detail: string
  values: Values
}

export interface Session {
  user: { id: string; name: string }
  version: string
}

export interface SystemState {
  ready: boolean
  engine: { state: 'off' | 'starting' | 'ready' | 'failed'; detail: string | null; error_code: string | null }
  database: 'ok' | 'down'
  confinement: 'full' | 'partial' | 'limits'
  cpu_percent: number
  memory_bytes: number
  memory_total_bytes: number
  runs: number
  outside_connections: boolean
  /** Another number means that the models or their servers have changed. */
  backends_revision: number
  /** Null where no text is searched by meaning. */
  vectors?: VectorState | null
}

export interface Model extends Abilities {
  id: string
  model: string
  backend: string
  state: 'ready' | 'loading' | 'unavailable'
  is_demonstration: boolean
  route: { targets: string[]; order: 'fallback' | 'least_busy' } | null
  context_tokens: number | null
  trained_context_tokens: number | null
}

export interface ModelList {
  default: string | null
  models: Model[]
  problems: (Problem & { backend: string })[]
}

export const NUMERIC_PARAMETERS = [
  'temperature',
  'top_p',
  'top_k',
  'min_p',
  'max_tokens',
  'presence_penalty',
  'frequency_penalty',
  'repeat_penalty',
  'seed',
] as const
export type NumericParameter = (typeof NUMERIC_PARAMETERS)[number]
export type JsonSchema = Record<string, unknown>
export type Parameters = Partial<Record<NumericParameter, number>> & { stop?: string[]; reasoning_effort?: string; json_schema?: JsonSchema }
export type ParameterName = keyof Parameters
export interface ParameterRange {
  min: number
  max: number
  whole: boolean
}
export type ParameterRanges = Partial<Record<NumericParameter, ParameterRange>> & {
  reasoning_effort?: { choices: string[] }
  json_schema?: { type: 'object' }
}
export interface Preset {
  name: string
  parameters: Parameters
  ranges: Partial<Record<NumericParameter, { min: number; max: number }>>
}

export interface Chat {
  id: string
  title: string
  system_prompt: string
  model: string | null
  parameters: Parameters
  head_id: string | null
  /** A path like `Bank/Loans`; empty for none. */
  folder: string
  tags: string[]
  pinned: boolean
  archived: boolean
  strategy: ContextStrategy
  /** Messages up to this position are not sent any more: the system prompt was changed there. */
  context_after: number | null
  facts: PinnedFact[]
  examples_id: string | null
  created_at: string
  updated_at: string
}
export type ChatChanges = Partial<Omit<Chat, 'id' | 'created_at' | 'updated_at'>>

export interface Citation {
  n: number
  document_id: string
  document: string
  page: number | null
  start: number
  end: number
  /** The number of the figure whose description by a model was cited; the span counts in that description. */
  figure?: number | null
  quote: string
  verified: boolean
  origin: 'model' | 'answer' | 'nearest'
}

/** What a message may ask of its pictures. */
export const IMAGE_TASKS = ['describe', 'read', 'entities', 'chart'] as const
export type ImageTask = (typeof IMAGE_TASKS)[number] | 'answer'
/** A page of a document that goes to the model as a picture. */
export interface PagePicture {
  document_id: string
  page: number
}

/** What the page shows beside the text of a reply that has ended. */
export interface Outcome {
  notices: Notice[]
  usage: Usage | null
  error: Problem | null
  /** Missing where no passage was searched for, and in replies of earlier versions. */
  grounding?: Grounding | null
}

export interface Message {
  id: string
  parent_id: string | null
  position: number
  role: 'user' | 'assistant'
  text: string
  reasoning: string
  document_ids: string[]
  run_id: string | null
  run_status: RunStatus | null
  error_code: string | null
  outcome?: Outcome | null
  model: string | null
  citations: Citation[]
  task?: ImageTask | null
  pages?: PagePicture[]
  created_at: string
}

export type PageStatus = 'text' | 'ocr' | 'waiting' | 'picture' | 'no_text' | 'skipped' | 'failed'
/** The line of the read report about one page; `page` is null for a document without pages. */
export interface DocumentPage {
  page: number | null
  label: string | null
  status: PageStatus
  reason: string | null
  /** What OCR thinks of itself, 0 to 1. */
  confidence: number | null
  width: number | null
  height: number | null
}

export interface Box {
  x: number
  y: number
  width: number
  height: number
}
export interface Figure {
  page: number | null
  number: number
  width: number
  height: number
  box: Box | null
  alt: string
  status: 'found' | 'waiting' | 'described' | 'skipped' | 'failed'
  reason: string | null
  /** Written by the model `described_by`, not by the author of the document. */
  description: string | null
  described_by: string | null
}
export interface OutlineEntry {
  title: string
  level: number
  page: number | null
}

export const DOCUMENT_KINDS = [
  'archive', 'delimited', 'docx', 'eml', 'epub', 'html', 'image', 'json', 'markdown', 'odp', 'ods', 'odt', 'pdf', 'pptx', 'rtf', 'text', 'xlsx',
] as const
export type DocumentKind = (typeof DOCUMENT_KINDS)[number]
export type DocumentStatus = 'reading' | 'ready' | 'failed' | 'cancelled' | 'replaced'

/** How many pages were read how; what a list tells in the place of the pages. */
export interface ReportCounts extends Record<PageStatus, number> {
  /** Pages that OCR has read and is not sure of, or of which only a part was read. */
  doubtful: number
  /** The mean of OCR over the pages that it has read, 0 to 1. */
  confidence: number | null
}

/** A document as lists tell of it. */
export interface ListedDocument {
  id: string
  base_id: string | null
  parent_id: string | null
  name: string
  path: string | null
  /** Null until the type was found. */
  kind: DocumentKind | null
  media_type: string
  size_bytes: number
  status: DocumentStatus
  stage: 'queued' | 'parsing' | 'recognising' | 'indexing' | null
  error: Problem | null
  title: string | null
  author: string | null
  page_count: number
  pages_read: number
  chunk_count: number
  replaced_by: string | null
  created_at: string
  report?: ReportCounts | null
}
export interface ChatDocument extends ListedDocument {
  outline: OutlineEntry[]
  pages: DocumentPage[]
  figures: Figure[]
}

/** Which versions there are of a message that has more than one, by its id, oldest first. */
export type Siblings = Record<string, string[]>
export interface MessagePage {
  /** A stretch of one branch, oldest first. */
  messages: Message[]
  earlier: boolean
  siblings: Siblings
}
export interface ChatDetail extends MessagePage {
  chat: Chat
  documents: ChatDocument[]
  /** Those of them that no message of the whole tree has. */
  unsent_document_ids: string[]
}

export interface PageBoxes {
  width: number
  height: number
  boxes: Box[]
}

export const PIECE_KINDS = ['system', 'example', 'facts', 'summary', 'recalled', 'turn', 'rules', 'passage', 'image', 'question'] as const
export type PieceKind = (typeof PIECE_KINDS)[number]
export interface LedgerPiece {
  kind: PieceKind
  role: 'system' | 'user' | 'assistant'
  label: string
  text: string
  tokens: number
  sent: boolean
  reason: string | null
  /** Missing in ledgers of earlier versions. */
  origin?: Origin
}
export interface Ledger {
  model: string
  backend: string
  context_tokens: number
  reply_tokens: number
  counted_by: 'tokenizer' | 'calibrated' | 'estimate'
  /** The model that was asked for; missing in ledgers of earlier versions. */
  asked?: string | null
  /** Those that were tried before, first one first. */
  tried?: { model: string; backend: string; error: string | null }[]
  /** What was looked for; missing in ledgers of earlier versions. */
  searched?: SearchedText[]
  dense?: SearchTrace['dense']
  took_ms?: SearchTrace['took_ms']
  /** The passages that were shown to the model, with why they were found. */
  passages?: Passage[]
  pieces: LedgerPiece[]
}

export interface Usage {
  prompt_tokens: number
  completion_tokens: number
  cached_tokens: number | null
  first_token_ms: number | null
  total_ms: number | null
}

export interface Notice {
  code: string
  values: Values
}

export type RunEvent =
  | { kind: 'status'; status: 'queued' | 'running'; model?: string }
  | { kind: 'queue'; position: number; expected_s: number | null }
  | { kind: 'restart' }
  | { kind: 'progress'; processed: number; total: number }
  | ({ kind: 'notice' } & Notice)
  | ({ kind: 'passages'; passages: Passage[] } & Partial<SearchTrace>)
  | ({ kind: 'grounding' } & Grounding)
  | { kind: 'reasoning'; text: string }
  | { kind: 'delta'; text: string }
  | { kind: 'replace'; text: string; reasoning: string }
  | { kind: 'citations'; citations: Citation[] }
  | ({ kind: 'usage' } & Usage)
  | { kind: 'end'; status: 'done' | 'stopped' | 'failed' | 'interrupted'; error: Problem | null }
