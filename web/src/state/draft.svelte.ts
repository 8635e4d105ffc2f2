import { problemOf, type Http } from '../api/http'
import { deleteDocument, uploadDocument } from '../api/documents'
import type { ChatDocument, Problem } from '../api/types'
import { keep, newId, recall } from '../lib/store'

/** A file on its way into a chat. */
export class Attachment {
  readonly id = newId()
  readonly file: File
  /** The pasted text that became this file, so that it can go back into the input. */
  readonly pastedText: string | null
  readonly thumbnail: string | null
  #share = $state(0)
  #document = $state.raw<ChatDocument | null>(null)
  #problem = $state.raw<Problem | null>(null)
  #upload = new AbortController()

  constructor(file: File, pastedText: string | null) {
    this.file = file
    this.pastedText = pastedText
    this.thumbnail = file.type.startsWith('image/') ? URL.createObjectURL(file) : null
  }

  get share(): number {
    return this.#share
  }
  get document(): ChatDocument | null {
    return this.#document
  }
  get problem(): Problem | null {
    return this.#problem
  }
  get state(): 'uploading' | 'reading' | 'ready' | 'failed' {
    if (this.#problem) return 'failed'
    if (this.#document) return 'ready'
    return this.#share < 1 ? 'uploading' : 'reading'
  }
  get isPicture(): boolean {
    return this.#document ? this.#document.kind === 'image' : this.thumbnail !== null
  }

  async send(http: Http, chatId: string): Promise<void> {
    this.#problem = null
    this.#share = 0
    try {
      this.#document = await uploadDocument(http, chatId, this.file, (share) => (this.#share = share), this.#upload.signal)
    } catch (error) {
      if (!this.#upload.signal.aborted) this.#problem = problemOf(error)
    }
  }

  fail(problem: Problem): void {
    this.#problem = problem
  }

  async drop(http: Http): Promise<void> {
    this.#upload.abort()
    if (this.thumbnail) URL.revokeObjectURL(this.thumbnail)
    // A file that cannot be deleted now stays in the chat's list, where it can be seen.
    if (this.#document) await deleteDocument(http, this.#document.id).catch(() => undefined)
  }
}

/** What the reader is about to send in one chat; the words outlive the page. */
export class Draft {
  #http: Http
  #storeKey: string
  #text = $state('')
  #attachments = $state.raw<readonly Attachment[]>([])
  #problem = $state.raw<Problem | null>(null)
  #isSending = $state(false)
  #attempt: { key: string; content: string } | null = null

  constructor(http: Http, chatId: string | null) {
    this.#http = http
    this.#storeKey = `samovar.draft.${chatId ?? 'new'}`
    const saved = recall(this.#storeKey)
    if (typeof saved === 'string') this.#text = saved
  }

  get text(): string {
    return this.#text
  }
  get attachments(): readonly Attachment[] {
    return this.#attachments
  }
  get problem(): Problem | null {
    return this.#problem
  }
  get isSending(): boolean {
    return this.#isSending
  }
  get isWaitingForFiles(): boolean {
    return this.#attachments.some((attachment) => attachment.state === 'uploading' || attachment.state === 'reading')
  }
  get canSend(): boolean {
    const hasFile = this.#attachments.some((attachment) => attachment.state === 'ready')
    return !this.#isSending && !this.isWaitingForFiles && (this.#text.trim() !== '' || hasFile)
  }
  get documents(): ChatDocument[] {
    return this.#attachments.flatMap((attachment) => (attachment.document ? [attachment.document] : []))
  }

  write(text: string): void {
    this.#text = text
    keep(this.#storeKey, text)
  }

  async attach(files: readonly File[], pastedText: string | null, openChat: () => Promise<string>): Promise<void> {
    const added = files.map((file) => new Attachment(file, pastedText))
    this.#attachments = [...this.#attachments, ...added]
    try {
      const chatId = await openChat()
      await Promise.all(added.map((attachment) => attachment.send(this.#http, chatId)))
    } catch (error) {
      for (const attachment of added) attachment.fail(problemOf(error))
    }
  }

  async detach(attachment: Attachment): Promise<void> {
    this.#attachments = this.#attachments.filter((other) => other !== attachment)
    await attachment.drop(this.#http)
  }

  /** Puts pasted text that became a file back into the input. */
  async unfold(attachment: Attachment): Promise<void> {
    if (attachment.pastedText === null) return
    this.write(this.#text + attachment.pastedText)
    await this.detach(attachment)
  }

  /**
   * Sends with `post`; the words are forgotten only after the server has them.
   * The same content goes out under the same key, so a repeated try never sends it twice.
   */
  async send(post: (text: string, documentIds: string[], key: string) => Promise<void>): Promise<void> {
    if (!this.canSend) return
    const text = this.#text
    const documentIds = this.documents.map((document) => document.id)
    const content = JSON.stringify([text, documentIds])
    if (this.#attempt?.content !== content) this.#attempt = { key: newId(), content }
    this.#isSending = true
    this.#problem = null
    try {
      await post(text, documentIds, this.#attempt.key)
      this.#attempt = null
      if (this.#text === text) this.write('')
      this.#attachments = this.#attachments.filter((attachment) => attachment.state !== 'ready')
    } catch (error) {
      this.#problem = problemOf(error)
    } finally {
      this.#isSending = false
    }
  }

  /** The draft of a chat that has just been made goes on under its id. */
  moveTo(chatId: string): void {
    keep(this.#storeKey, null)
    this.#storeKey = `samovar.draft.${chatId}`
    keep(this.#storeKey, this.#text)
  }

  forgetProblem(): void {
    this.#problem = null
  }

  discard(): void {
    keep(this.#storeKey, null)
  }
}
