/** The wire forms of docs/reference/api.md about why a passage was found and whether an answer stands on it. */

/** What one arm of the search says of a passage; rank 0: the arm had left it out and was asked for its score. */
export interface ArmScore {
  rank: number
  score: number
}
export interface Evidence {
  lexical: ArmScore | null
  dense: ArmScore | null
  fused: number
  reranked: number | null
  /** The words of the search that stand in the passage. */
  matched: string[]
  /** Which of the searched texts found it. */
  searched: string
}

export interface Passage {
  n: number
  document_id: string
  document: string
  page: number | null
  start: number
  end: number
  /** The number of the figure whose description by a model is meant; the span counts in that description. */
  figure?: number | null
  described_by?: string | null
  text: string
  headings?: string[]
  score?: number
  evidence?: Evidence | null
}

export interface SearchedText {
  text: string
  origin: 'question' | 'follow_up' | 'side'
}
/** Whether vectors took part in a search; `filling` while some texts have none yet. */
export type DenseState = 'used' | 'filling' | 'off' | 'failed'

/** How the passages of a reply were found. */
export interface SearchTrace {
  searched: SearchedText[]
  dense: DenseState
  /** Milliseconds by stage. */
  took_ms: Record<string, number>
}

export type ClaimVerdict = 'supported' | 'altered' | 'unsupported' | 'unchecked'
export type ClaimFault = 'quote' | 'number' | 'date' | 'name' | 'negation' | 'words' | 'wrong_place'
/** A statement of an answer; `start` and `end` count characters (code points) of its text. */
export interface Claim {
  start: number
  end: number
  verdict: ClaimVerdict
  /** The passages that it names. */
  labels: number[]
  faults: ClaimFault[]
  /** The words of the statement that differ from the source. */
  wrong: string[]
}
export interface Grounding {
  evidence: 'strong' | 'weak' | 'none'
  says_not_found: boolean
  claims: Claim[]
  nearest: Passage[]
}

/** How far the vectors of all texts have got. */
export interface VectorState {
  state: 'off' | 'filling' | 'waiting' | 'complete' | 'elsewhere' | 'failed'
  embedder: string | null
  filled: number
  total: number
  error_code: string | null
}
