// What every unit test begins with: a loaded machine gets its time.
import { configure } from "@testing-library/react";

configure({ asyncUtilTimeout: 10_000 });
