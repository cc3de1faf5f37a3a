export function Logo({ size }: { readonly size: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden>
      <rect width="32" height="32" rx="8" fill="var(--mantine-primary-color-filled)" />
      <path
        d="M6 11c3.500 0 3.500 3 7 3s3.500-3 7-3 3 1.500 6 2.500M6 20c3.500 0 3.500 3 7 3s3.500-3 7-3 3 1.500 6 2.500"
        fill="none"
        stroke="#fff"
        strokeWidth="2.800"
        strokeLinecap="round"
      />
    </svg>
  )
}
