import { wordsOf } from "../../ui/search";

/**
 * How well words fit what was typed: lower is better, null not at all. Each typed word must begin a word of the title or
 * stand somewhere in the text; a title that begins with it comes first.
 */
export function fit(typed: string, title: string, more = ""): number | null {
  const wanted = wordsOf(typed);
  const heading = title.toLowerCase();
  const all = `${heading} ${more.toLowerCase()}`;
  let score = 0;
  for (const word of wanted) {
    if (heading.startsWith(word)) score += 0;
    else if (heading.split(/\W+/).some((part) => part.startsWith(word))) score += 1;
    else if (all.includes(word)) score += 2;
    else return null;
  }
  return score;
}
