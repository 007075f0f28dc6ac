package io.fairlead.admin;

import java.time.Instant;

/**
 * The configuration in force.
 *
 * @param text as it was written; the door hides the tokens it knows before it shows the text
 * @param version rises by one with every configuration applied, from 1
 * @param applied when
 * @param source where it came from: a file's path, or who sent it
 * @param lastReloadSucceeded false if a later one was offered and refused
 */
public record ConfigState(
    String text, long version, Instant applied, String source, boolean lastReloadSucceeded) {}
