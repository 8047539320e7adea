/** Vitest's own report, then one line that other programs read: `N passed, N failed[, N skipped]`. */
import { DefaultReporter } from 'vitest/node';
import type { SerializedError, TestCase, TestModule } from 'vitest/node';

export default class CountsReporter extends DefaultReporter {
  override onTestRunEnd(
    modules: readonly TestModule[],
    unhandled: readonly SerializedError[],
    reason: 'passed' | 'interrupted' | 'failed',
  ): void {
    super.onTestRunEnd(modules, unhandled, reason);
    const cases = modules.flatMap((module) => Array.from(module.children.allTests()));
    const count = (state: ReturnType<TestCase['result']>['state']): number =>
      cases.filter((test) => test.result().state === state).length;
    // A file that does not load has no test cases; it and an error outside a test are failures all the same.
    const broken = modules.filter(
      (module) =>
        module.state() === 'failed' && Array.from(module.children.allTests('failed')).length === 0,
    ).length;
    const failed = count('failed') + count('pending') + broken + unhandled.length;
    const skipped = count('skipped');
    const tail = skipped === 0 ? '' : `, ${String(skipped)} skipped`;
    process.stdout.write(`\n${String(count('passed'))} passed, ${String(failed)} failed${tail}\n`);
  }
}
