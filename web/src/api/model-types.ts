/** The wire forms of docs/reference/api.md about model servers, the catalogue, model files and keys. */
import type { Problem } from './types'

export type BackendState = 'ready' | 'loading' | 'down' | 'refused'
export type BackendSource = 'embedded' | 'settings' | 'environment' | 'found' | 'added'
export type KnownBy = 'api' | 'probe' | 'name'
export const KV_TYPES = ['f16', 'q8_0', 'q4_0'] as const
export type KvType = (typeof KV_TYPES)[number]

export const WHOLE_LOAD_PARAMETERS = ['context_tokens', 'batch_tokens', 'gpu_layers', 'threads', 'keep_alive_s'] as const
export type WholeLoadParameter = (typeof WHOLE_LOAD_PARAMETERS)[number]
export type LoadParameters = Partial<Record<WholeLoadParameter, number | null>> & { kv_cache?: KvType | null }
export type LoadParameter = keyof LoadParameters

/** What one model can do; null where its server does not tell. `guessed` names what is only read from the name. */
export interface Abilities {
  loaded: boolean | null
  vision: boolean | null
  vision_known_by: KnownBy | null
  tools: boolean | null
  reasoning: boolean | null
  embeddings: boolean | null
  json_schema: boolean | null
  quantisation: string | null
  size_bytes: number | null
  licence: string | null
  guessed: string[]
  unsupported_parameters: string[]
}

export interface BackendModel extends Abilities {
  id: string
  state: 'ready' | 'loading' | 'unavailable'
  context_length: number | null
  trained_context_length: number | null
}

export interface Backend {
  name: string
  kind: string
  url: string
  source: BackendSource
  origin: string | null
  named_kind: string | null
  state: BackendState
  reason: Problem | null
  outside: boolean
  has_key: boolean
  running: number
  waiting: number
  places: number | null
  next_try_s: number | null
  parallel: number | null
  load: LoadParameters
  load_parameters: LoadParameter[]
  models: BackendModel[]
}

export interface BackendKind {
  kind: string
  load_parameters: LoadParameter[]
}
export interface BackendList {
  backends: Backend[]
  kinds: BackendKind[]
}

export interface BackendChanges {
  key?: string | null
  parallel?: number | null
  load?: LoadParameters | null
}
export interface NewBackend extends BackendChanges {
  name?: string
  kind?: string | null
  url: string
}

export interface VisionOutcome {
  outcome: 'sees' | 'refuses' | 'ignores'
  vision: boolean
  backend: Backend
}

export interface Gpu {
  vendor: 'nvidia' | 'amd' | 'apple'
  name: string
  memory_bytes: number
  free_bytes: number | null
}
export interface Machine {
  memory_bytes: number
  available_bytes: number
  usable_bytes: number
  unified: boolean
  gpus: Gpu[]
}

export interface CatalogueFile {
  quantisation: string
  size_bytes: number | null
  repo: string | null
  file: string | null
  sha256: string | null
}
export interface CatalogueFit {
  quantisation: string
  size_bytes: number | null
  total_bytes: number
  memory_bytes: number
  fits: boolean
}
export interface CatalogueModel {
  id: string
  name: string
  publisher: string
  licence: string | null
  commercial: 'yes' | 'conditions' | 'no' | null
  languages: string[]
  vision: boolean
  context_tokens: number | null
  parameters: number | null
  active_parameters: number | null
  source: string
  files: CatalogueFile[]
  fit: CatalogueFit | null
}
export interface CatalogueList {
  models: CatalogueModel[]
  licences: string[]
  languages: string[]
}

export interface FitQuestion {
  model: string
  quantisation?: string
  context?: number
  kv?: KvType
  memory_bytes?: number
  language?: 'en' | 'ru'
}
export interface Fit {
  weights_bytes: number
  kv_bytes: number
  overhead_bytes: number
  total_bytes: number
  memory_bytes: number
  fits: boolean
  max_context: number
  gpu_layers: number
  advice: string[]
}

export interface ModelFile {
  name: string
  size_bytes: number
  sha256: string
  origin: 'import' | 'download'
  repo: string | null
  added_at: string
  model: string | null
  architecture: string | null
  quantisation: string | null
  context_tokens: number | null
  is_projector: boolean
  in_use: boolean
  error: Problem | null
}
export interface Download {
  name: string
  repo: string
  file: string
  status: 'running' | 'done' | 'failed'
  received_bytes: number
  size_bytes: number | null
  error: Problem | null
}
export interface ModelFileList {
  files: ModelFile[]
  downloads: Download[]
  downloads_enabled: boolean
}
