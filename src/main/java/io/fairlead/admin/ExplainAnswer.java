package io.fairlead.admin;

import io.fairlead.telemetry.ErrorReason;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What would happen to a request.
 *
 * @param listener that it would reach; null: none
 * @param route that matches; null: none
 * @param service that the route names; null: none
 * @param node that would get it if it came now; null: none
 * @param why one step of the way in each line, in order
 * @param error what Fairlead would answer itself; null: the node answers
 */
public record ExplainAnswer(
    @Nullable String listener,
    @Nullable String route,
    @Nullable String service,
    @Nullable String node,
    List<String> why,
    @Nullable ErrorReason error) {}
