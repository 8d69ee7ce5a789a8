// What every unit test begins with: a loaded machine gets its time.
import { configure } from "@testing-library/react";

configure({ asyncUtilTimeout: 10_000 });

// A page without a layout has nothing to scroll to.
if (typeof Element !== "undefined") Element.prototype.scrollIntoView = () => undefined;
