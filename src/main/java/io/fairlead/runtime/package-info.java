/**
 * Time and threads: the one control thread, a scheduler that tests turn by hand, backoff. And a
 * keyed hash, which several rooms need and none of them owns.
 *
 * <p>Three kinds of threads live in the house. Event loops move bytes and read published state. The
 * control thread ({@link io.fairlead.runtime.ControlThread}) takes every decision. Virtual threads
 * wait for probes, files and people, and carry what they learned to the control thread. Nothing
 * here knows what is being decided.
 */
@NullMarked
package io.fairlead.runtime;

import org.jspecify.annotations.NullMarked;
