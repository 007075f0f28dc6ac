/**
 * Where members come from.
 *
 * <p>Several sources may name nodes of one service; {@link io.fairlead.discovery.Membership} is the
 * one place that adds them up and tells the service. A source that falls silent takes nothing away
 * that works.
 */
@NullMarked
package io.fairlead.discovery;

import org.jspecify.annotations.NullMarked;
