/**
 * Services and nodes: who is a member, and what is true of each node now.
 *
 * <p>Facts about a node have one owner each: membership, name and weight ← discovery; up or down ←
 * health; draining ← admin and scaling; standing ← the outlier detector; requests in flight,
 * connections, latencies, failures ← proxy. Facts belong to (service, node), never to a bare
 * address: two services may judge one address differently.
 *
 * <p>All writers but the proxy run on the control thread. Event loops read {@link
 * io.fairlead.service.NodeSet}, which never changes once published.
 */
@NullMarked
package io.fairlead.service;

import org.jspecify.annotations.NullMarked;
