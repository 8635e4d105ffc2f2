/** The wire forms of docs/reference/api.md, name by name; those of model servers and model files stand in model-types.ts. */
import type { Abilities } from './model-types'

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
  created_at: string
  updated_at: string
}
export type ChatChanges = Partial<Pick<Chat, 'title' | 'system_prompt' | 'model' | 'parameters' | 'head_id'>>

export interface Citation {
  n: number
  document_id: string
  document: string
  page: number | null
  start: number
  end: number
  quote: string
  verified: boolean
  origin: 'model' | 'answer' | 'nearest'
}

export interface Passage {
  n: number
  document_id: string
  document: string
  page: number | null
  start: number
  end: number
  text: string
}

/** What the page shows beside the text of a reply that has ended. */
export interface Outcome {
  notices: Notice[]
  usage: Usage | null
  error: Problem | null
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
  created_at: string
}

export interface DocumentPage {
  page: number | null
  status: 'text' | 'no_text' | 'picture' | 'failed'
  reason: string | null
  width: number | null
  height: number | null
}

export interface ChatDocument {
  id: string
  name: string
  kind: 'text' | 'pdf' | 'image'
  media_type: string
  size_bytes: number
  status: 'reading' | 'ready' | 'failed'
  error: Problem | null
  page_count: number
  pages: DocumentPage[]
  created_at: string
}

export interface ChatDetail {
  chat: Chat
  messages: Message[]
  documents: ChatDocument[]
}

export interface PageBoxes {
  width: number
  height: number
  boxes: { x: number; y: number; width: number; height: number }[]
}

export type PieceKind = 'system' | 'turn' | 'passage' | 'image' | 'question'
export interface LedgerPiece {
  kind: PieceKind
  role: 'system' | 'user' | 'assistant'
  label: string
  text: string
  tokens: number
  sent: boolean
  reason: string | null
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
  | { kind: 'passages'; passages: Passage[] }
  | { kind: 'reasoning'; text: string }
  | { kind: 'delta'; text: string }
  | { kind: 'replace'; text: string; reasoning: string }
  | { kind: 'citations'; citations: Citation[] }
  | ({ kind: 'usage' } & Usage)
  | { kind: 'end'; status: 'done' | 'stopped' | 'failed' | 'interrupted'; error: Problem | null }
