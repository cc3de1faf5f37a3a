import type { z } from 'zod'
import type * as wire from '../http/native/schema.ts'
import type { JsonObject } from '../model/json.ts'

/** The native API's answers as types; nothing of the server is loaded for them. */
export type Me = z.output<typeof wire.Me>
export type Project = z.output<typeof wire.Project>
export type Pipeline = z.output<typeof wire.Pipeline>
export type PipelineSummary = z.output<typeof wire.PipelineSummary>
export type Overview = z.output<typeof wire.Overview>
export type ListedPipeline = z.output<typeof wire.PipelineList>['items'][number]
export type Version = z.output<typeof wire.Version>
export type VersionList = z.output<typeof wire.VersionList>
export type Validation = z.output<typeof wire.Validation>
export type LocatedError = z.output<typeof wire.LocatedError>
export type Run = z.output<typeof wire.Run>
export type RunSummary = z.output<typeof wire.RunSummary>
export type RunBatch = z.output<typeof wire.RunBatch>
export type Stage = z.output<typeof wire.Stage>
export type Task = z.output<typeof wire.Task>
export type Node = z.output<typeof wire.Node>
export type Attempt = z.output<typeof wire.Attempt>
export type Attention = z.output<typeof wire.Attention>
export type Explanation = z.output<typeof wire.Explanation>
export type ArtifactList = z.output<typeof wire.ArtifactList>
export type TestResult = z.output<typeof wire.TestResult>
export type TestResultList = z.output<typeof wire.TestResultList>
export type FindingList = z.output<typeof wire.FindingList>
export type ReviewItem = z.output<typeof wire.ReviewItem>
export type Event = z.output<typeof wire.Event>
export type EventList = z.output<typeof wire.EventList>
export type Secret = z.output<typeof wire.Secret>
export type UserAccount = z.output<typeof wire.UserAccount>
export type NewUserAccount = z.input<typeof wire.NewUserAccount>
export type UserAccountChange = z.input<typeof wire.UserAccountChange>
export type Key = z.output<typeof wire.Key>
export type AuditEntry = z.output<typeof wire.AuditEntry>
export type Token = z.output<typeof wire.Token>
export type ServerInfo = z.output<typeof wire.ServerInfo>
export type Runner = z.output<typeof wire.Runner>
export type IssuedRunner = z.output<typeof wire.IssuedRunner>
export type IssuedToken = z.output<typeof wire.IssuedToken>
export type Timeline = z.output<typeof wire.Timeline>
export type Estimate = z.output<typeof wire.Estimate>
export type AsSeenBy = z.output<typeof wire.AsSeenBy>
export type LogLines = z.output<typeof wire.LogLines>
export type LogMatches = z.output<typeof wire.LogMatches>
export type ProblemBody = z.output<typeof wire.Problem>
export type Queue = z.output<typeof wire.Queue>
export type NextFires = z.output<typeof wire.NextFires>
export type WebhookSecret = z.output<typeof wire.WebhookSecret>
export type Notification = z.output<typeof wire.Notification>
export type NotificationList = z.output<typeof wire.NotificationList>
export type IssuedNotification = z.output<typeof wire.IssuedNotification>
export type NotificationSecret = z.output<typeof wire.NotificationSecret>
export type NewNotification = z.input<typeof wire.NewNotification>
export type Delivery = z.output<typeof wire.Delivery>
export type DeliveryList = z.output<typeof wire.DeliveryList>
export type FiredList = z.output<typeof wire.FiredList>
export type NewSession = z.input<typeof wire.NewSession>
export type NewRun = z.input<typeof wire.NewRun>
export type RunActionBody = z.input<typeof wire.RunActionInput>
export type NodeActionBody = Omit<z.input<typeof wire.NodeActionInput>, 'inputs' | 'outputs'> & {
  readonly inputs?: JsonObject
  readonly outputs?: JsonObject
}
export type Severity = FindingList['items'][number]['severity']
export type RunStatus = Run['status']
export type NodeStatus = Task['status']

export interface Page<Item> {
  readonly items: readonly Item[]
  /** Give it as `cursor` to get what follows; null: that was all. */
  readonly next: string | null
}
