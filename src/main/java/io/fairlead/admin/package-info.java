/**
 * The operator's door: HTTP API, {@code /metrics} and the dashboard.
 *
 * <p>One table of endpoints ({@code Api}) routes requests and describes itself as OpenAPI. {@code
 * Recognition} finds out who asks, {@code Gate} decides whether they may, {@code AdminSignIn} knows
 * people who sign in, {@code Door} speaks HTTP and turns every failure into a problem document (RFC
 * 9457), {@code Rates} turns counters into figures per second once a second, for all readers
 * together. Handlers run on virtual threads and may wait. Everything they know or change goes
 * through {@link io.fairlead.admin.Instance}; nothing here decides about nodes.
 *
 * <p>Start reading at {@link io.fairlead.admin.AdminServer}.
 */
@NullMarked
package io.fairlead.admin;

import org.jspecify.annotations.NullMarked;
