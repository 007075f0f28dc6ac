package io.fairlead.insight.pattern;

import org.jspecify.annotations.Nullable;

/**
 * Which patterns are asked for.
 *
 * @param from milliseconds since 1970
 * @param to likewise
 * @param service only lines of this one; null: of all
 * @param node likewise
 * @param limit patterns at most
 */
public record PatternQuestion(
    long from, long to, @Nullable String service, @Nullable String node, int limit) {}
