/**
 * The configuration language: one record per thing an operator can say.
 *
 * <p>Records check themselves: a value that exists is right. Reading keeps the position of every
 * value, collects all problems of a file before it reports any, and never starts half: a file with
 * one problem yields no {@link io.fairlead.config.FairleadConfig}. What an operator can write is
 * described once, in {@link io.fairlead.config.Language}: reader, JSON Schema and {@code
 * docs/configuration.md} all walk that description. Bounds and cross-checks live in the records.
 *
 * <p>Nothing here opens a socket, knows a thread or remembers anything. Start reading at {@link
 * io.fairlead.config.FairleadConfig} for what there is, at {@link io.fairlead.config.ConfigReader}
 * for how it is read.
 */
@NullMarked
package io.fairlead.config;

import org.jspecify.annotations.NullMarked;
