/**
 * What became of the store, written down while it happens, so that it can be restored to any moment
 * of the past days.
 *
 * <p>Each instance writes a log of its own: files that begin with the whole store at one revision
 * and go on with each change after it. They are read without the group, which may be lost. May use
 * no other part of {@code group}: what a log is must be readable without an engine.
 */
@NullMarked
package io.fairlead.group.storelog;

import org.jspecify.annotations.NullMarked;
