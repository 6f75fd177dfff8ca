import { cleanup } from "@testing-library/preact";
import { afterEach } from "vitest";
import "fake-indexeddb/auto";

afterEach(cleanup);
