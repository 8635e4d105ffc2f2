/** The wire forms of docs/reference/api.md about question sets that are asked of a knowledge base. */
import type { DenseState, Evidence } from './evidence-types'
import type { Problem } from './types'

/** A question and where the right passage is; without a document it is known by its words. */
export interface AskedQuestion {
  question: string
  document?: string
  page?: number
  text?: string
}

export type Arm = 'lexical' | 'dense'
export const FUSIONS = ['weighted', 'rrf'] as const
export const RERANKS = ['none', 'light', 'model'] as const
export interface SearchSetting {
  arms: Arm[]
  fusion: (typeof FUSIONS)[number]
  rerank: (typeof RERANKS)[number]
  /** How many passages a model would be shown. */
  passages: number
}

export const QUALITY_METRICS = ['recall@1', 'recall@5', 'recall@10', 'mrr@10', 'ndcg@10', 'recall@passages'] as const
export const TIME_METRICS = ['p50_ms', 'p95_ms'] as const
export type QualityMetric = (typeof QUALITY_METRICS)[number]
export type TimeMetric = (typeof TIME_METRICS)[number]
/** Null before the first question. Shares are from 0 to 1. */
export type EvaluationResult = { questions: number } & Record<QualityMetric | TimeMetric, number | null>

export type EvaluationStatus = 'waiting' | 'running' | 'done' | 'cancelled' | 'failed' | 'interrupted'
/** A question of an evaluation with the rank of the right passage for each setting; null where it was not found. */
export interface RankedQuestion {
  n: number
  question: string
  document: string | null
  page: number | null
  text: string | null
  problem: 'document_unknown' | null
  /** Null until it was asked. */
  ranks: (number | null)[] | null
}
export interface Evaluation {
  id: string
  base_id: string
  name: string
  status: EvaluationStatus
  error: Problem | null
  question_count: number
  done: number
  seconds_left: number | null
  settings: SearchSetting[]
  results: EvaluationResult[]
  created_at: string
  finished_at: string | null
  /** Missing in lists. */
  questions?: RankedQuestion[]
}

export interface Hit {
  chunk_id: string
  document_id: string
  document: string
  page: number | null
  start: number
  end: number
  figure: number | null
  headings: string[]
  text: string
  score: number
  evidence: Evidence | null
}
/** What one setting found for a question. */
export interface SettingAnswer {
  rank: number | null
  took_ms: number
  dense: DenseState
  notes: string[]
  found: { rank: number; is_right: boolean; hit: Hit | null }[]
}
export interface QuestionAnswers extends Omit<RankedQuestion, 'ranks'> {
  answers: SettingAnswer[] | null
}
