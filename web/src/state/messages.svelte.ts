import { getEarlier } from '../api/chats'
import type { Http } from '../api/http'
import type { Message, MessagePage } from '../api/types'
import { branchTo, withMessages, withVersion, type VersionLists } from '../lib/tree'

/** How many messages come with a chat, and with each look further back. */
export const PAGE = 60
/** How many come at a time on the way to a message far back. */
const LEAP = 200

/** The messages of a chat as far as they are loaded, and the branch of them that is shown. */
export class Messages {
  #http: Http
  #known = $state.raw<readonly Message[]>([])
  #versions = $state.raw<VersionLists>({})
  #headId = $state<string | null>(null)
  #branchingId = $state<string | null>(null)
  #isLoadingEarlier = $state(false)
  #branch = $derived(branchTo(this.#known, this.#branchingId ?? this.#headId))

  constructor(http: Http) {
    this.#http = http
  }

  get branch(): readonly Message[] {
    return this.#branch
  }
  /** The message that the next one follows. */
  get endId(): string | null {
    return this.#branchingId ?? this.#headId
  }
  get isBranching(): boolean {
    return this.#branchingId !== null
  }
  get hasEarlier(): boolean {
    return (this.#branch[0]?.parent_id ?? null) !== null
  }
  get isLoadingEarlier(): boolean {
    return this.#isLoadingEarlier
  }
  get isEmpty(): boolean {
    return this.#known.length === 0
  }
  /** The ids of the versions of a message, oldest first; itself alone when there is no other. */
  versionsOf(message: Message): readonly string[] {
    return this.#versions[message.id] ?? [message.id]
  }
  of(messageId: string): Message | null {
    return this.#known.find((message) => message.id === messageId) ?? null
  }

  /** Takes what the server tells of a stretch of the tree; the branch shown stays. */
  take({ messages, siblings }: Pick<MessagePage, 'messages' | 'siblings'>): void {
    this.#known = withMessages(this.#known, messages)
    this.#versions = { ...this.#versions, ...siblings }
  }

  showHead(headId: string | null): void {
    this.#headId = headId
    this.#branchingId = null
  }

  /** Ends what is shown at a message, so that the next one begins a branch there; null takes it back. */
  branchFrom(messageId: string | null): void {
    this.#branchingId = messageId === this.#headId ? null : messageId
  }

  /** Takes messages that have just been made; the last of them becomes the end of the branch shown. */
  add(...added: Message[]): void {
    for (const message of added) {
      this.#versions = withVersion(this.#versions, this.#known, message)
      this.#known = withMessages(this.#known, [message])
    }
    this.showHead(added.at(-1)?.id ?? this.#headId)
  }

  change(messageId: string, change: (message: Message) => Message): void {
    this.#known = this.#known.map((message) => (message.id === messageId ? change(message) : message))
  }

  async loadEarlier(chatId: string, limit = PAGE): Promise<void> {
    const first = this.#branch[0]
    if (!first || !this.hasEarlier || this.#isLoadingEarlier) return
    this.#isLoadingEarlier = true
    try {
      this.take(await getEarlier(this.#http, chatId, first.id, limit))
    } finally {
      this.#isLoadingEarlier = false
    }
  }

  /** Loads the branch shown as far back as a message. Returns whether it stands there. */
  async reach(chatId: string, messageId: string): Promise<boolean> {
    const isThere = (): boolean => this.#branch.some((message) => message.id === messageId)
    while (!isThere() && this.hasEarlier) {
      const count = this.#branch.length
      await this.loadEarlier(chatId, LEAP)
      if (this.#branch.length === count) break
    }
    return isThere()
  }
}
