package io.fairlead.balance;

/**
 * What a balancer thinks of a node, for people.
 *
 * @param latencySeconds what a request that finds nobody else there is thought to take
 * @param errorSeconds what is added for its errors
 * @param others requests of others in flight there, as it says; negative: it does not say
 * @param turn by what part of that latency it is taken for faster since it has had fewer requests
 *     than others that are about as fast; below 0: for slower since it has had more
 */
public record NodeEstimate(
    double latencySeconds, double errorSeconds, double others, double turn) {}
