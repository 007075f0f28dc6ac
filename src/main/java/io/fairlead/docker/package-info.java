/**
 * The engine that runs containers on this machine: as much of its API as those who start nodes and
 * those who look for them ask for. What is asked, and when, is theirs.
 */
@NullMarked
package io.fairlead.docker;

import org.jspecify.annotations.NullMarked;
