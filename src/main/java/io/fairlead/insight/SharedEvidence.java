package io.fairlead.insight;

/**
 * What instances of a group have told each other of nodes' answers: counts of one node and route in
 * a moment.
 *
 * @param told to others
 * @param heard from others, and counted here
 * @param ignored of others that have another configuration, or of nodes and routes that are not
 *     known here, or too many
 * @param refused lines that make no sense, or came faster than they could be counted
 */
public record SharedEvidence(long told, long heard, long ignored, long refused) {}
