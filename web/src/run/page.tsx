import { Title } from '@mantine/core'
import { useParams } from '@tanstack/react-router'

export function RunPage() {
  const { run } = useParams({ from: '/inside/runs/$run' })
  return (
    <Title order={1} p="lg">
      {run}
    </Title>
  )
}
