// totals.mjs FOLDER: adds up what the runners of one `make test` wrote there and
// prints one true line. Go: one JSON event a line; vitest and Playwright: a
// report each; checks.tsv: phases that are one check by themselves (lint,
// generated code, types, vulnerabilities).
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

const folder = process.argv[2];
const total = { passed: 0, failed: 0, skipped: 0 };

function addGo(file) {
  const failedTests = new Set();
  const failedPackages = new Set();
  for (const line of readFileSync(file, "utf8").split("\n")) {
    if (!line.startsWith("{")) continue;
    const event = JSON.parse(line);
    if (event.Test) {
      if (event.Action === "pass") total.passed++;
      if (event.Action === "skip") total.skipped++;
      if (event.Action === "fail") {
        total.failed++;
        failedTests.add(event.Package);
      }
    } else if (event.Action === "fail") {
      failedPackages.add(event.Package);
    }
  }
  // A package that did not build, or that died outside of a test, counts once.
  for (const name of failedPackages) if (!failedTests.has(name)) total.failed++;
}

function addVitest(file) {
  const report = JSON.parse(readFileSync(file, "utf8"));
  total.passed += report.numPassedTests;
  total.failed += report.numFailedTests;
  total.skipped += report.numPendingTests + report.numTodoTests;
  // A file that could not be loaded has no test to fail.
  for (const suite of report.testResults) {
    if (suite.status === "failed" && suite.assertionResults.length === 0) total.failed++;
  }
}

function addPlaywright(file) {
  const { stats, errors } = JSON.parse(readFileSync(file, "utf8"));
  // A test that passed only when repeated has failed: retries are off.
  total.passed += stats.expected;
  total.failed += stats.unexpected + stats.flaky + errors.length;
  total.skipped += stats.skipped;
}

function addChecks(file) {
  for (const line of readFileSync(file, "utf8").split("\n")) {
    const outcome = line.split("\t")[1];
    if (outcome in total) total[outcome]++;
  }
}

const readers = [
  [/^go-.*\.json$/, addGo],
  [/^vitest\.json$/, addVitest],
  [/^playwright-.*\.json$/, addPlaywright],
  [/^checks\.tsv$/, addChecks],
];
for (const name of existsSync(folder) ? readdirSync(folder) : []) {
  for (const [pattern, read] of readers) {
    if (!pattern.test(name)) continue;
    try {
      read(join(folder, name));
    } catch (error) {
      total.failed++;
      console.log(`${name}: unreadable report: ${error.message}`);
    }
  }
}
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exit(total.failed > 0 ? 1 : 0);
