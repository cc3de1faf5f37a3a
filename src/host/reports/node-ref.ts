import type { TaskView } from '../../model/view.ts'
import type { NodeRef } from '../app.ts'

export const isNode = (task: TaskView, ref: NodeRef): boolean =>
  'id' in ref ? task.id === ref.id : 'key' in ref ? task.key === ref.key : task.index === ref.index
