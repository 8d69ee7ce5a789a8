// totals.mjs FOLDER: adds up what the runners of one `make test` wrote there and
// prints one true line. Go: one JSON event a line; vitest and Playwright: a
// report each; checks.tsv: phases that are one check by themselves (lint,
// generated code, types, vulnerabilities).
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

const folder = process.argv[2];
const total = { passed: 0, failed: 0, skipped: 0 };
// What failed, by name, with the first line of why: printed last, so that it is
// still there where only the end of a log is kept.
const failures = [];
const named = 20;

function failure(name, why = "", what = "FAILED") {
  const first = why
    .replaceAll(/\u001b\[[0-9;]*m/g, "")
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);
  failures.push(`${what} ${name}${first.length > 0 ? `: ${first.slice(0, 2).join(" ")}` : ""}`.slice(0, 300));
}

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
        failure(`${event.Package} ${event.Test}`);
      }
    } else if (event.Action === "fail") {
      failedPackages.add(event.Package);
    }
  }
  // A package that did not build, or that died outside of a test, counts once.
  for (const name of failedPackages) {
    if (failedTests.has(name)) continue;
    total.failed++;
    failure(name, "did not build, or ended outside of a test");
  }
}

function addVitest(file) {
  const report = JSON.parse(readFileSync(file, "utf8"));
  total.passed += report.numPassedTests;
  total.failed += report.numFailedTests;
  total.skipped += report.numPendingTests + report.numTodoTests;
  // A file that could not be loaded has no test to fail.
  for (const suite of report.testResults) {
    if (suite.status === "failed" && suite.assertionResults.length === 0) {
      total.failed++;
      failure(suite.name, suite.message);
    }
    for (const test of suite.assertionResults) {
      if (test.status === "failed") failure(test.fullName, test.failureMessages[0]);
    }
  }
}

function addPlaywright(file) {
  const { stats, errors, suites } = JSON.parse(readFileSync(file, "utf8"));
  // One that passed only when repeated passed, and is named.
  total.passed += stats.expected + stats.flaky;
  total.failed += stats.unexpected + errors.length;
  total.skipped += stats.skipped;
  for (const error of errors) failure("playwright", error.message);
  for (const suite of suites) playwrightFailures(suite);
}

function playwrightFailures(suite) {
  for (const spec of suite.specs ?? []) {
    const flaky = spec.ok && spec.tests.some((test) => test.status === "flaky");
    if (spec.ok && !flaky) continue;
    const error = spec.tests.flatMap((test) => test.results).find((result) => result.error)?.error;
    failure(
      `${spec.file}:${spec.line} ${spec.title}`,
      error?.message,
      flaky ? "PASSED AT THE SECOND TRY" : "FAILED",
    );
  }
  for (const inner of suite.suites ?? []) playwrightFailures(inner);
}

function addChecks(file) {
  for (const line of readFileSync(file, "utf8").split("\n")) {
    const [name, outcome] = line.split("\t");
    if (outcome in total) total[outcome]++;
    if (outcome === "failed") failure(name);
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
      failure(name, `unreadable report: ${error.message}`);
    }
  }
}
for (const line of failures.slice(0, named)) console.log(line);
if (failures.length > named) console.log(`FAILED and ${failures.length - named} more`);
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exit(total.failed > 0 ? 1 : 0);
