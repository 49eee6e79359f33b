"""Windows: process trees in job objects, and one completion port that tells of everything."""
