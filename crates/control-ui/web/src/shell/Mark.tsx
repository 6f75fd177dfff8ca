import styles from "./Mark.module.css";

/** The mark of the product; its name stands beside it. */
export function Mark() {
  return (
    <svg class={styles.mark} viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="8" />
      <path d="M9 23c0-7 3-12 7-14m0 14c0-6 2-10 5-12m2 12c0-4 .5-6 2-8" />
    </svg>
  );
}
