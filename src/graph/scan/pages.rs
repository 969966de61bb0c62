//! Scoreboards on disk: a page for each file, kept by day and hour, and the page of the long run.

use std::path::{Path, PathBuf};
use std::{fs, io};

use chrono::{Local, TimeZone};

use super::{Error, Found, kept, replace};
use crate::file::beside;
use crate::graph::board::{Board, Page, Score};
use crate::graph::config;

/// The pages that a configuration asks for.
#[derive(Debug, Default)]
pub struct Pages {
    each: Option<config::Board>,
    long_run: Option<(config::Board, Score)>,
}

impl Pages {
    /// Reads what is kept of the long run.
    ///
    /// # Errors
    ///
    /// It cannot be read, or was not written by us.
    pub fn open(config: &config::Config) -> Result<Pages, Error> {
        let long_run = match &config.aggregate {
            None => None,
            Some(board) => Some((board.clone(), kept(Path::new(&board.data), Score::parse)?)),
        };
        Ok(Pages { each: config.scoreboard.clone(), long_run })
    }

    /// Whether there are any.
    pub fn wanted(&self) -> bool {
        self.each.is_some() || self.long_run.is_some()
    }

    /// How many talkers have to be listed.
    pub fn top(&self) -> usize {
        let each = self.each.as_ref().map_or(0, |board| board.top);
        each.max(self.long_run.as_ref().map_or(0, |(board, _)| board.top))
    }

    /// Notes that the state knows all files that were added.
    pub fn saved(&mut self) {
        self.long_run.iter_mut().for_each(|(_, score)| score.recent.clear());
    }

    /// Writes a file's pages, and the long run's anew.
    ///
    /// # Errors
    ///
    /// The system refuses it.
    pub fn add(&mut self, found: &Found, board: &Board) -> Result<(), Error> {
        if let Some(each) = &self.each {
            let stem = Path::new(&each.data).join(place(found));
            let folder = stem.parent().unwrap_or(Path::new("."));
            fs::create_dir_all(folder).map_err(|error| Error::io(folder, error))?;
            let page = Page::of(&cut(board, each.top));
            let html = beside(&stem, "html");
            replace(&html, &page.html())?;
            replace(&beside(&stem, "json"), &page.json())?;
            let link = Path::new(&each.page);
            relink(&html, link).map_err(|error| Error::io(link, error))?;
        }
        if let Some((long_run, score)) = &mut self.long_run
            && score.add(&found.name, &cut(board, long_run.top))
        {
            let page = Page::of_score(score, long_run.top).html();
            for (file, text) in [(&long_run.data, score.text()), (&long_run.page, page)] {
                let file = Path::new(file);
                let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
                folder.map_or(Ok(()), fs::create_dir_all).map_err(|error| Error::io(file, error))?;
                replace(file, &text)?;
            }
        }
        Ok(())
    }
}

/// The first `top` of each list.
fn cut(board: &Board, top: usize) -> Board {
    let mut board = board.clone();
    board.ways.iter_mut().flat_map(|way| &mut way.lists).for_each(|list| list.truncate(top));
    board
}

/// Where a file's pages lie: by day and hour, called like the file.
fn place(found: &Found) -> PathBuf {
    let secs = i64::try_from(found.start).unwrap_or(0);
    let hour = Local.timestamp_opt(secs, 0).earliest().map(|time| time.format("%Y-%m-%d/%H").to_string());
    let name = found.path.file_name().unwrap_or_default().to_string_lossy();
    let plain = |c: char| if c.is_alphanumeric() || "._+-".contains(c) { c } else { '_' };
    Path::new(&hour.unwrap_or_default()).join(name.chars().map(plain).collect::<String>())
}

/// Makes a link lead to a page, from one moment to the next. It leads on when all is moved together.
fn relink(page: &Path, link: &Path) -> io::Result<()> {
    let (page, link) = (std::path::absolute(page)?, std::path::absolute(link)?);
    let folder = link.parent().unwrap_or(Path::new("/"));
    fs::create_dir_all(folder)?;
    let target = page.strip_prefix(folder).unwrap_or(&page);
    let new = beside(&link, "new");
    let _ = fs::remove_file(&new);
    std::os::unix::fs::symlink(target, &new)?;
    fs::rename(&new, &link)
}
