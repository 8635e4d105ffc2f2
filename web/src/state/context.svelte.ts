import { problemOf, type Http } from '../api/http'
import { askForSummary, changeSummary, getMessage, getTree, listExampleSets, listSummaries } from '../api/context'
import type { ExampleSetOutline, PinnedFact, Summary, Tree } from '../api/conversation-types'
import type { Message, Problem } from '../api/types'
import type { Conversation } from './conversation.svelte'

/** How often it is looked whether a summary has come. */
const LOOK_MS = 1000
/** So many characters of a fact are kept by the server. */
const LONGEST_FACT = 2000
/** A summary is made in the background, after the reply: it is looked for at once and once more. */
const AFTER_REPLY_MS = [0, 5000]

/** What of a chat the model is shown: its summaries, pinned facts and examples; and the whole tree when it is asked for. */
export class ChatContext {
  #http: Http
  #conversation: Conversation
  #summaries = $state.raw<readonly Summary[]>([])
  #sets = $state.raw<readonly ExampleSetOutline[]>([])
  #summarising = $state<'no' | 'asked' | 'came' | 'none'>('no')
  #fault = $state<string | null>(null)
  #problem = $state.raw<Problem | null>(null)

  constructor(http: Http, conversation: Conversation) {
    this.#http = http
    this.#conversation = conversation
  }

  get summaries(): readonly Summary[] {
    return this.#summaries
  }
  get exampleSets(): readonly ExampleSetOutline[] {
    return this.#sets
  }
  get summarising(): 'no' | 'asked' | 'came' | 'none' {
    return this.#summarising
  }
  /** Why the last summary that a model wrote was not taken: a fault of its text, or the code of an error. */
  get fault(): string | null {
    return this.#fault
  }
  /** Why a summary could not be asked for. */
  get problem(): Problem | null {
    return this.#problem
  }
  get facts(): readonly PinnedFact[] {
    return this.#conversation.chat?.facts ?? []
  }

  /** Looks for summaries now and a little later. Returns what ends the looking. */
  watchSummaries(): () => void {
    const timers = AFTER_REPLY_MS.map((delayMs) => setTimeout(() => void this.loadSummaries().catch(() => undefined), delayMs))
    return () => timers.forEach(clearTimeout)
  }

  async loadSummaries(): Promise<void> {
    const chatId = this.#conversation.chat?.id
    if (!chatId) return
    const list = await listSummaries(this.#http, chatId)
    this.#summaries = list.summaries
    this.#fault = list.problem?.reason ?? null
  }

  /** Returns the problem, or null when the server has it. */
  async changeSummary(summary: Summary, changes: { text?: string; active?: boolean }): Promise<Problem | null> {
    try {
      const changed = await changeSummary(this.#http, summary.id, changes)
      this.#summaries = this.#summaries.map((other) => (other.id === changed.id ? changed : other))
      return null
    } catch (error) {
      return problemOf(error)
    }
  }

  /** Asks for a summary and waits until it is there, or until it is known why there is none. */
  async summarise(): Promise<void> {
    const chatId = this.#conversation.chat?.id
    if (!chatId || this.#summarising === 'asked') return
    this.#problem = null
    this.#fault = null
    this.#summarising = 'asked'
    try {
      await this.loadSummaries()
      const known = new Set(this.#summaries.map((summary) => summary.id))
      await askForSummary(this.#http, chatId)
      for (let isMaking = true; isMaking; ) {
        await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
        const list = await listSummaries(this.#http, chatId)
        this.#summaries = list.summaries
        this.#fault = list.problem?.reason ?? null
        isMaking = list.making
      }
      this.#summarising = this.#summaries.some((summary) => !known.has(summary.id)) ? 'came' : 'none'
    } catch (error) {
      this.#problem = problemOf(error)
      this.#summarising = 'no'
    }
  }

  /** Returns whether the whole text was pinned, and not its beginning only. */
  async pin(text: string, messageId: string | null): Promise<boolean> {
    const whole = text.trim()
    const isWhole = [...whole].length <= LONGEST_FACT
    const written = isWhole ? whole : `${[...whole].slice(0, LONGEST_FACT - 1).join('')}…`
    if (written && this.facts.every((fact) => fact.text !== written)) await this.#setFacts([...this.facts, { text: written, message_id: messageId }])
    return isWhole
  }
  async changeFact(index: number, text: string): Promise<void> {
    const written = text.trim()
    if (written && this.facts[index]?.text !== written) await this.#setFacts(this.facts.map((fact, at) => (at === index ? { ...fact, text: written } : fact)))
  }
  async unpin(index: number): Promise<void> {
    await this.#setFacts(this.facts.filter((_fact, at) => at !== index))
  }

  async loadExampleSets(): Promise<void> {
    this.#sets = await listExampleSets(this.#http)
  }

  async loadTree(): Promise<Tree> {
    const chatId = this.#conversation.chat?.id
    return chatId ? getTree(this.#http, chatId) : { nodes: [], cut: false }
  }

  /** The versions of a message with their whole texts, also those that are not loaded. */
  async loadVersions(ids: readonly string[]): Promise<Message[]> {
    return Promise.all(ids.map((id) => this.#conversation.messages.of(id) ?? getMessage(this.#http, id)))
  }

  async #setFacts(facts: PinnedFact[]): Promise<void> {
    await this.#conversation.set({ facts })
  }
}
