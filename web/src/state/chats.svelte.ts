import { problemOf, type Http } from '../api/http'
import { changeChat, deleteChat, getChat, listChats } from '../api/chats'
import { getChatBases } from '../api/library'
import type { Chat, Problem } from '../api/types'
import { Conversation } from './conversation.svelte'
import { hasDraft } from './draft.svelte'
import type { Runs } from './runs.svelte'

const TITLE_DELAYS_MS = [300, 2000]

const isBare = (chat: Chat): boolean =>
  chat.title === '' && chat.head_id === null && chat.model === null && chat.system_prompt === '' && Object.keys(chat.parameters).length === 0

/** The list of chats, and the one that is open. */
export class Chats {
  #http: Http
  #runs: Runs
  #list = $state.raw<readonly Chat[]>([])
  #isLoaded = $state(false)
  #problem = $state.raw<Problem | null>(null)
  #current = $state.raw<Conversation>() as Conversation
  #opened = new Map<string, Conversation>()
  #onOpen: (chatId: string | null, isNew: boolean) => void = () => undefined

  constructor(http: Http, runs: Runs) {
    this.#http = http
    this.#runs = runs
    this.#current = this.#make(null)
  }

  get list(): readonly Chat[] {
    return this.#list
  }
  get isLoaded(): boolean {
    return this.#isLoaded
  }
  get problem(): Problem | null {
    return this.#problem
  }
  get current(): Conversation {
    return this.#current
  }
  /** The title of the open chat, which a renaming or the server changes in the list first. */
  get title(): string {
    const { chat } = this.#current
    return chat ? (this.#list.find((other) => other.id === chat.id)?.title ?? chat.title) : ''
  }
  isWriting(chatId: string): boolean {
    return this.#runs.isWriting(chatId)
  }

  onOpen(tell: (chatId: string | null, isNew: boolean) => void): void {
    this.#onOpen = tell
  }

  async load(): Promise<void> {
    try {
      this.#list = await listChats(this.#http)
      this.#isLoaded = true
      this.#problem = null
    } catch (error) {
      this.#problem = problemOf(error)
    }
  }

  /** Shows a chat, or an empty one. The draft and the streams of the chat that is left go on. */
  async open(chatId: string | null): Promise<void> {
    if (chatId === null) {
      const shown = this.#current.chat
      if (shown && isBare(shown) && this.#current.isUntouched) return
      if (this.#current.chat !== null || this.#current.state !== 'ready') this.#current = this.#make(null)
      this.#onOpen(null, false)
      return
    }
    const known = this.#opened.get(chatId)
    const conversation = known ?? this.#make(chatId)
    this.#opened.set(chatId, conversation)
    this.#current = conversation
    this.#onOpen(chatId, false)
    await conversation.load(chatId)
  }

  /** Looks again at what is shown, after the line was lost. */
  async refresh(): Promise<void> {
    const chatId = this.#current.chat?.id
    await Promise.all([this.load(), chatId ? this.#current.load(chatId) : undefined])
  }

  async rename(chat: Chat, title: string): Promise<Problem | null> {
    try {
      this.#take(await changeChat(this.#http, chat.id, { title }))
      return null
    } catch (error) {
      return problemOf(error)
    }
  }

  async remove(chat: Chat): Promise<Problem | null> {
    try {
      await deleteChat(this.#http, chat.id)
    } catch (error) {
      return problemOf(error)
    }
    this.#runs.forget(chat.id)
    this.#opened.get(chat.id)?.draft.discard()
    this.#opened.delete(chat.id)
    this.#list = this.#list.filter((other) => other.id !== chat.id)
    if (this.#current.chat?.id === chat.id) {
      this.#current = this.#make(null)
      await this.open(null)
    }
    return null
  }

  #make(chatId: string | null): Conversation {
    return new Conversation(
      this.#http,
      this.#runs,
      {
        spare: () => this.#findSpare(),
        created: (conversation, chat) => {
          this.#opened.set(chat.id, conversation)
          this.#list = [chat, ...this.#list.filter((other) => other.id !== chat.id)]
          if (conversation === this.#current) this.#onOpen(chat.id, true)
        },
        changed: (chat) => this.#take(chat),
        // The server gives a title to a chat after its first message.
        touched: () => TITLE_DELAYS_MS.forEach((delayMs) => setTimeout(() => void this.load(), delayMs)),
      },
      chatId,
    )
  }

  async #findSpare(): Promise<Chat | null> {
    const spare = this.#list.find((chat) => isBare(chat) && !hasDraft(chat.id) && (this.#opened.get(chat.id)?.isUntouched ?? true))
    if (!spare) return null
    try {
      const [{ chat, messages, documents }, bases] = await Promise.all([getChat(this.#http, spare.id), getChatBases(this.#http, spare.id)])
      return isBare(chat) && messages.length + documents.length + bases.length === 0 ? chat : null
    } catch {
      // It may be gone by now; a new one does as well.
      return null
    }
  }

  #take(chat: Chat): void {
    this.#list = this.#list.map((other) => (other.id === chat.id ? chat : other))
    this.#opened.get(chat.id)?.rename(chat)
  }
}
