/** The wire forms of long conversations: what of a chat the model is shown, and the tree of its messages. */
export const STRATEGIES = ['auto', 'window', 'summary', 'recall'] as const
/** How a chat that no longer fits is shown to the model. */
export type ContextStrategy = (typeof STRATEGIES)[number]

/** What the model is told with every question; `message_id` is where it was said, if anywhere. */
export interface PinnedFact {
  text: string
  message_id: string | null
}

/** Where a piece of the ledger comes from. */
export interface Origin {
  message_id?: string
  summary_id?: string
  examples_id?: string
  document_id?: string
  chunk_id?: string
  page?: string
}

/** What stands for the messages of a branch up to and with `through_id`. */
export interface Summary {
  id: string
  through_id: string
  /** How many messages it stands for. */
  turns: number
  text: string
  model: string
  active: boolean
  edited: boolean
  created_at: string
}

/** The summaries of a chat, and how it stands with the next one. */
export interface SummaryList {
  summaries: Summary[]
  making: boolean
  /** Why the last one that a model wrote was not taken: a fault of its text, or the code of an error. */
  problem: { reason: string; at: string } | null
}

/** A message of the whole tree, by its beginning. */
export interface TreeNode {
  id: string
  parent_id: string | null
  role: 'user' | 'assistant'
  start: string
  model: string | null
  created_at: string
}

/** The outline of a chat, oldest message first. */
export interface Tree {
  nodes: TreeNode[]
  /** Whether the chat has older messages which are not among them. */
  cut: boolean
}

export interface ExampleSetOutline {
  id: string
  name: string
  instruction: string
  count: number
  created_at: string
}
