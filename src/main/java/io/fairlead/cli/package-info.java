/**
 * The command line. Verbs that ask or change a running instance speak to its admin API; those that
 * start something hand over to {@link io.fairlead.cli.Launcher}, which the root package provides.
 *
 * <p>Exit codes: 0 done, 1 the thing asked for failed or is invalid, 2 usage, 3 no instance
 * reachable. Start reading at {@link io.fairlead.cli.Cli}.
 */
@NullMarked
package io.fairlead.cli;

import org.jspecify.annotations.NullMarked;
