// axe-core on a page: what it calls serious or critical, with the elements that it means.

import { readFile } from "node:fs/promises";

export async function judge(page, axe) {
  if (!(await page.evaluate(() => "axe" in window))) {
    await page.evaluate(await readFile(axe, "utf8"));
  }
  const violations = await page.evaluate(async () => {
    const { violations } = await window.axe.run(document, { resultTypes: ["violations"] });
    return violations.map(({ id, impact, help, nodes }) => ({
      id,
      impact,
      help,
      nodes: nodes.map((node) => `${node.html.slice(0, 160)} (${node.failureSummary?.replace(/\s+/g, " ")})`),
    }));
  });
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(
      ({ id, impact, help, nodes }) => `${impact} ${id}: ${help}\n    ${nodes.slice(0, 5).join("\n    ")}`,
    );
}
