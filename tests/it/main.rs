//! The one test binary: black-box tests, polling, recovery, properties, the house test.

mod articles;
mod backup;
mod cluster;
mod demo;
mod disk;
mod editions;
mod failpoints;
mod feeds;
mod harmless;
mod harness;
mod hostile;
mod house;
mod matching;
mod month;
mod overrides;
mod pages;
mod pipeline;
mod planet;
mod publishing;
mod reading;
mod recovery;
mod references;
mod reload;
mod servers;
mod serving;
mod stories;
